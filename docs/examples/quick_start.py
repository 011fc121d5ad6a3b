# Reads LATCHKEY_URL, ACCOUNT_SID and AUTH_TOKEN from the environment. Exit code: 0 done, 1 refused.
import base64, json, os, sys, time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

pair = f"{os.environ['ACCOUNT_SID']}:{os.environ['AUTH_TOKEN']}".encode()
headers = {"Authorization": "Basic " + base64.b64encode(pair).decode()}
request = Request(os.environ["LATCHKEY_URL"] + "/api/v1/token", headers=headers)

for attempt in range(3):
    try:
        with urlopen(request, timeout=30) as answer:
            token = json.load(answer)
            print(token["account_sid"], token["status"], "until", answer.headers["latchkey-token-expires"])
            sys.exit(0)
    except HTTPError as refusal:
        problem = json.load(refusal)
        if refusal.code in (429, 503) and attempt < 2:
            time.sleep(int(refusal.headers.get("Retry-After", "5")))
            continue
        # 401: ask for a new token. 403: `code` says what is in the way.
        print(problem["code"], problem["detail"], *problem.get("required_scopes", []), file=sys.stderr)
        sys.exit(1)
