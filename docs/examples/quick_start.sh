#!/bin/sh
# Reads LATCHKEY_URL, ACCOUNT_SID and AUTH_TOKEN from the environment. Exit code: 0 done, 1 refused.
set -eu

answer=$(curl -sS -u "$ACCOUNT_SID:$AUTH_TOKEN" -w '\n%{http_code}' "$LATCHKEY_URL/api/v1/token")
status=$(printf '%s\n' "$answer" | tail -n 1)
body=$(printf '%s\n' "$answer" | sed '$d')

case $status in
200) echo "$body" ;;
401) echo "The token is not good: copy it again, whole, or ask for a new one: $body" >&2; exit 1 ;;
403) echo "Not from here, or not with this token: $body" >&2; exit 1 ;;
429 | 503) echo "Not now; wait for Retry-After seconds: $body" >&2; exit 1 ;;
*) echo "Refused: $body" >&2; exit 1 ;;
esac
