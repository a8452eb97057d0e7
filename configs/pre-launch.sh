#!/usr/bin/env bash
# Hang a launch on the checklist and on a warm cache: exits 0 when traffic may move, else with
# warmer's exit code, and says what to do. It moves and removes nothing itself.
#   ./pre-launch.sh SITE.toml [OPTION OR SOURCE of warmer crawl ...]
#   ./pre-launch.sh cutover.toml --top 500 </var/log/nginx/access.log && ./move-traffic
# INSIDE=inside.json takes in what `manage.py warmer_preflight --json` printed on the new machine.
# Where TCP goes (connect_to) is read from SITE.toml, by both steps.
set -u

if (($# == 0)); then
    echo "pre-launch: expected SITE.toml, and perhaps options of warmer crawl" >&2
    exit 2
fi
site=$1
shift
inside=()
if [[ -n ${INSIDE-} ]]; then
    inside=(--inside "$INSIDE")
fi

# Standard input is for the sources of the crawl.
warmer preflight -c "$site" "${inside[@]}" \
    --report preflight.json --report preflight.xml </dev/null
code=$?

case $code in
    0) ;;
    1)
        echo "pre-launch: NO: the checklist has failures, and nothing was warmed. Mend what" \
            "FAIL names, or switch the check off with a reason, and run this again." >&2
        ;;
    2)
        echo "pre-launch: NO: nothing was tried; the line above says what to mend." >&2
        ;;
    3)
        echo "pre-launch: NO: the new machine does not answer. Look there first." >&2
        ;;
    *) echo "pre-launch: NO: warmer preflight ended with code $code" >&2 ;;
esac
((code == 0)) || exit "$code"

warmer crawl -c "$site" --report warm.json --report warm.xml "$@"
code=$?

case $code in
    0) echo "pre-launch: warm; traffic may move" ;;
    1)
        echo "pre-launch: NO: a threshold is not met. The summary above says which targets are" \
            "not warm and why; mend these, or exclude them, and run this again." >&2
        ;;
    2)
        echo "pre-launch: NO: nothing was tried, or nothing could be written; the line above" \
            "says what to mend. \`warmer check $site\` tells whether it is mended." >&2
        ;;
    3)
        echo "pre-launch: NO: the new machine or its cache does not answer, or fails. Look" \
            "there first; \`warmer crawl -c $site --resume last\` then goes on." >&2
        ;;
    130 | 143)
        echo "pre-launch: NO: interrupted; \`warmer crawl -c $site --resume last\` goes on." >&2
        ;;
    *) echo "pre-launch: NO: warmer ended with code $code" >&2 ;;
esac
exit "$code"
