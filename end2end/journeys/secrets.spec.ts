import { readFile } from "node:fs/promises";

import { signOut } from "../fixtures/frame.ts";
import { expect, test } from "../fixtures/test.ts";
import { E_VERIFY, FORM, LIST, addToken, panel, row } from "../fixtures/tokens.ts";
import { Vendor } from "../fixtures/vendor.ts";

test("the secret is in one answer, and nowhere else", async ({
  page,
  ann,
  open,
  live,
  latchkey,
}) => {
  const bodies: Promise<{ url: string; text: string }>[] = [];
  const sent: string[] = [];
  page.context().on("request", (request) => {
    sent.push(`${request.url()} ${JSON.stringify(request.headers())} ${request.postData() ?? ""}`);
  });
  page.context().on("response", (response) => {
    const [status, url] = [response.status(), response.url()];
    if (new URL(url).pathname.startsWith("/pkg/")) {
      return;
    }
    const head = JSON.stringify(response.headers());
    // A redirect has no body.
    const body = status >= 300 && status < 400 ? Promise.resolve("") : response.text();
    bodies.push(body.then((text) => ({ url, text: head + text })));
  });
  page.on("dialog", (dialog) => dialog.accept());

  await open(LIST);
  await Promise.all(bodies);
  await open(FORM);
  await Promise.all(bodies);
  const secret = await addToken(page, E_VERIFY);
  const vendor = new Vendor(latchkey.url, secret);
  expect((await vendor.call("GET", "/api/v1/e-verify")).status).toBe(200);

  for (const path of [
    LIST,
    `${LIST}?show=all`,
    FORM,
    "/settings/general",
    "/settings/diagnostics",
  ]) {
    // A browser forgets the answers of a page that it leaves.
    await Promise.all(bodies);
    await open(path);
    await expect(panel(page)).toHaveCount(0);
  }
  await open(LIST);
  await expect(row(page, E_VERIFY.description)).toBeVisible();
  await test.step("nothing is kept in the browser", async () => {
    expect(
      await page.evaluate(async () => ({
        local: Object.entries(localStorage),
        session: Object.entries(sessionStorage),
        cookies: document.cookie,
        databases: (await indexedDB.databases()).length,
        caches: (await caches.keys()).length,
        history: JSON.stringify(history.state),
      })),
    ).toMatchObject({ local: [], session: [], cookies: "", databases: 0, caches: 0 });
    expect(JSON.stringify(await page.context().storageState())).not.toContain(secret.authToken);
  });
  await Promise.all(bodies);
  await page.getByRole("button", { name: `Revoke ${E_VERIFY.description}` }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await expect(page.getByRole("heading", { name: "No access tokens" })).toBeVisible();
  await Promise.all(bodies);
  await signOut(page, ann.name);

  const answers = await Promise.all(bodies);
  const withSecret = answers.filter(({ text }) => text.includes(secret.authToken));
  expect(withSecret.map(({ url }) => new URL(url).pathname)).toEqual([
    live ? "/internal/tokens/add" : FORM,
  ]);
  expect(withSecret[0]?.text).toContain("no-store");
  expect(sent.filter((text) => text.includes(secret.authToken))).toEqual([]);
  expect(latchkey.log).not.toContain(secret.authToken);
  const { file } = latchkey.database;
  if (file !== undefined) {
    const kept = Buffer.concat([await readFile(file), await readFile(`${file}-wal`)]);
    expect(kept.includes(E_VERIFY.description)).toBe(true);
    expect(kept.includes(secret.authToken.slice("latchkey_".length))).toBe(false);
  }
});

test("the answer with the secret carries no scripts @plain", async ({ page, annOpens }) => {
  await annOpens(FORM);
  await addToken(page, E_VERIFY);
  await expect(page.locator("script[type=module], link[rel=modulepreload]")).toHaveCount(0);
  for (const script of await page.locator("script").all()) {
    expect(await script.textContent()).not.toContain("latchkey_");
  }
});

test("every page has a policy that names the nonce of its one script", async ({
  page,
  annOpens,
}) => {
  const nonces = new Set<string>();
  for (const path of [LIST, FORM, "/settings/general", "/settings/diagnostics"]) {
    const headers = (await annOpens(path)).headers();
    const policy = headers["content-security-policy"] ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe-inline");
    expect(policy).not.toContain("'unsafe-eval'");
    const nonce = /'nonce-([^']+)'/.exec(policy)?.[1] ?? "";
    expect(nonce.length).toBeGreaterThanOrEqual(16);
    nonces.add(nonce);
    const scripts = await page.locator("script").all();
    expect(scripts.length).toBeGreaterThan(0);
    for (const script of scripts) {
      // Browsers hide the attribute from the page; the property tells.
      expect(await script.evaluate((script: HTMLScriptElement) => script.nonce)).toBe(nonce);
    }
    await expect(page.locator("[style], [onclick], [onload]")).toHaveCount(0);
    expect(headers).toMatchObject({
      "cache-control": "no-store",
      "referrer-policy": "same-origin",
      "x-content-type-options": "nosniff",
    });
  }
  expect(nonces.size, "each answer has its own nonce").toBe(4);
});

test("a script that somebody slipped into a page does not run @live", async ({
  page,
  annOpens,
  vigil,
}) => {
  vigil.expect(/Content Security Policy/i);
  await annOpens(LIST);
  const violation = page.waitForEvent("console", (message) =>
    message.text().includes("Content Security Policy"),
  );
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = 'document.title = "taken over"';
    document.body.append(script);
  });
  await violation;
  await expect(page).toHaveTitle("Personal Access Tokens · Latchkey");
});
