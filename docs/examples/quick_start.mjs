// Reads LATCHKEY_URL, ACCOUNT_SID and AUTH_TOKEN from the environment. Exit code: 0 done, 1 refused.
const [LATCHKEY_URL, ACCOUNT_SID, AUTH_TOKEN] = ["LATCHKEY_URL", "ACCOUNT_SID", "AUTH_TOKEN"].map((name) => {
  if (!process.env[name]) throw new Error(`${name} is not set`);
  return process.env[name];
});
const headers = { Authorization: `Basic ${btoa(`${ACCOUNT_SID}:${AUTH_TOKEN}`)}` };

for (let attempt = 1; ; attempt += 1) {
  const answer = await fetch(`${LATCHKEY_URL}/api/v1/token`, { headers });
  const body = await answer.json();
  if (answer.ok) {
    const until = answer.headers.get("latchkey-token-expires");
    console.log(body.account_sid, body.status, "until", until);
    break;
  }
  if ([429, 503].includes(answer.status) && attempt < 3) {
    const seconds = Number(answer.headers.get("Retry-After") ?? 5);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    continue;
  }
  // 401: ask for a new token. 403: `code` says what is in the way.
  console.error(body.code, body.detail, ...(body.required_scopes ?? []));
  process.exitCode = 1;
  break;
}
