"""Runs the newsroom's code as it is told to: a JSON request a line, a JSON answer a line.

Started by `newsroom.driver` under whatever Python and Django a test wants. Names of
all models and of the app are there; what is run last as an expression is the answer.
"""

from __future__ import annotations

import ast
import json
import os
import sys
import traceback
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.sites.newsroom.settings")
django.setup()


def run(code: str, names: dict[str, Any]) -> object:
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<test>", "exec"), names)
    if last is not None:
        return eval(compile(ast.Expression(last.value), "<test>", "eval"), names)
    return None


def main() -> None:
    from django.apps import apps
    from django.core.management import call_command
    from django.db import connection, transaction
    from django.test import Client

    from warmer.contrib.django import purge, warm

    names = {model.__name__: model for model in apps.get_models()}
    names |= {
        "call_command": call_command,
        "client": Client(),
        "connection": connection,
        "purge": purge,
        "transaction": transaction,
        "warm": warm,
    }
    sys.stdout, answers = sys.stderr, sys.stdout
    for line in sys.stdin:
        try:
            answer = {"value": run(json.loads(line), names)}
        except BaseException:  # noqa: BLE001 -- the test is told
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer, default=str), file=answers, flush=True)


if __name__ == "__main__":
    main()
