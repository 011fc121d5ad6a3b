import type { Locator, Page } from "@playwright/test";

import { BEN, signIn } from "../fixtures/people.ts";
import { expect, test } from "../fixtures/test.ts";
import { LIST, row } from "../fixtures/tokens.ts";
import { Vendor } from "../fixtures/vendor.ts";

function fact(page: Page, name: string): Locator {
  return page.locator(`dt:text-is("${name}") + dd`);
}

function answer(page: Page): Locator {
  return page.getByRole("region", { name: "Would this call be allowed?" }).getByRole("status");
}

async function ask(page: Page, method: string, path: string): Promise<void> {
  await page.getByLabel("Method").selectOption(method);
  await page.getByLabel("Path").fill(path);
  await page.getByRole("button", { name: "Ask" }).click();
  await expect(answer(page).locator(".asked")).toContainText(method);
}

test("a token leads from the list to its own page, and from there to its end", async ({
  page,
  ann,
  latchkey,
  open,
  awake,
}) => {
  const issued = await latchkey.addToken(ann, "Payroll", ["employee-read", "timecard-read"]);
  const vendor = new Vendor(latchkey.url, {
    sid: issued.account_sid,
    authToken: issued.auth_token,
  });
  expect((await vendor.call("GET", "/api/v1/employees")).status).toBe(200);
  await open(LIST);
  await row(page, "Payroll").getByRole("link", { name: "Payroll" }).click();
  await expect(page).toHaveURL(`${LIST}/${issued.account_sid}`);
  await expect(page).toHaveTitle("Payroll · Latchkey");
  await awake();

  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Payroll");
  await expect(page.getByRole("navigation", { name: "Breadcrumbs" })).toHaveText(
    /Settings\s*User Settings\s*Personal Access Tokens\s*Payroll/,
  );
  const section = page.getByRole("navigation", { name: "User Settings" });
  await expect(section.locator("[aria-current=page]")).toHaveText("Personal Access Tokens");

  await expect(fact(page, "Account SID")).toHaveText(issued.account_sid);
  await expect(fact(page, "Status")).toHaveText("Active");
  await expect(fact(page, "Expires").locator("time")).toContainText("(in 6 months)");
  await expect(fact(page, "Last use").locator("time")).toHaveText("just now");
  await expect(fact(page, "Made by")).toHaveText("An operator, on the command line");
  const employees = page.getByRole("row").filter({ hasText: "Employee Read" });
  await expect(employees).toContainText("sensitive");
  await expect(employees.getByRole("listitem")).toHaveText([
    /GET\s*\/api\/v1\/employees$/,
    /GET\s*\/api\/v1\/employees\/\{id\}$/,
  ]);
  expect(await page.content()).not.toContain(issued.auth_token);

  await page.getByRole("link", { name: "Revoke Payroll" }).click();
  await awake();
  const question = page.getByRole("dialog", { name: "Revoke Payroll?" });
  await question.getByRole("button", { name: "Revoke" }).click();
  await expect(page.getByRole("status").first()).toContainText("are refused from now on");
  await open(`${LIST}/${issued.account_sid}`);
  await expect(fact(page, "Status")).toHaveText("Revoked");
  await expect(fact(page, "Revoked").locator("time")).toContainText("just now");
  await expect(page.getByRole("link", { name: /^Revoke/ })).toHaveCount(0);
});

test("what is said of a call is what the call gets", async ({ page, ann, latchkey, open }) => {
  const issued = await latchkey.addToken(ann, "Payroll", ["employee-read"]);
  const vendor = new Vendor(latchkey.url, {
    sid: issued.account_sid,
    authToken: issued.auth_token,
  });
  const own = `${LIST}/${issued.account_sid}`;
  await open(own);
  await expect(answer(page)).toHaveCount(0);
  await ask(page, "GET", "/api/v1/employees");
  await expect(answer(page)).toContainText("The token has Employee Read, which opens this.");
  await expect(answer(page).locator(".pill")).toHaveText("Allowed");
  await expect(answer(page)).toBeInViewport();
  expect(new URL(page.url()).search).toBe("?method=GET&path=%2Fapi%2Fv1%2Femployees&from=");

  for (const [method, path, status, code, reason] of [
    ["POST", "/api/v1/employees", 403, "insufficient_scope", "This needs Employee Write"],
    ["PATCH", "/api/v1/employees", 405, "method_not_allowed", "It has GET, HEAD, POST."],
    ["GET", "/api/v1/nobody", 404, "not_found", "nothing at this path"],
    ["DELETE", "/api/v1/employees%2Fx", 400, "unsafe_path", "an encoded character"],
  ] as const) {
    await ask(page, method, path);
    await expect(answer(page).locator(".pill")).toHaveText("Refused");
    await expect(answer(page)).toContainText(`with ${status} ${code}`);
    await expect(answer(page)).toContainText(reason);
    await expect(page.getByLabel("Method")).toHaveValue(method);
    await expect(page.getByLabel("Path")).toHaveValue(path);
    expect(await vendor.call(method, path)).toMatchObject({ status, body: { code } });
  }

  await ask(page, "GET", `${latchkey.url}/api/v1/employees?limit=5`);
  await expect(answer(page)).toContainText("Only the path of the address decides");
  await expect(page.getByLabel("Path")).toHaveValue("/api/v1/employees");

  await latchkey.revoke(issued.account_sid);
  await ask(page, "GET", "/api/v1/employees");
  await expect(answer(page)).toContainText("with 401 invalid_token");
  await expect(answer(page)).toContainText("The token is revoked.");
});

test("somebody else’s token is no page, as one that does not exist", async ({
  ann,
  latchkey,
  secondBrowser,
  vigil,
}) => {
  vigil.expectStatus(404);
  const { account_sid } = await latchkey.addToken(ann, "Payroll", ["employee-read"]);
  await latchkey.addRep(BEN);
  const bens = await secondBrowser.newPage();
  await signIn(bens, BEN);
  for (const last of [account_sid, "LK00000000000000000000000000000000", "nonsense"]) {
    const response = await bens.goto(`${LIST}/${last}`);
    expect(response?.status()).toBe(404);
    await expect(bens.getByRole("heading", { level: 1 })).toHaveText("Nothing here");
    await expect(bens.getByText("Payroll")).toHaveCount(0);
  }
});

test("whoever is not signed in comes back to the token and the question", async ({
  page,
  ann,
  latchkey,
  secondBrowser,
}) => {
  const { account_sid } = await latchkey.addToken(ann, "Payroll", ["employee-read"]);
  const elsewhere = await secondBrowser.newPage();
  await elsewhere.goto(`${LIST}/${account_sid}?method=GET&path=%2Fapi%2Fv1%2Fa`);
  await expect(elsewhere).toHaveURL(/\/sign-in\?next=/);
  await elsewhere.getByLabel("E-mail").fill(ann.email);
  await elsewhere.getByLabel("Password").fill(ann.password);
  await elsewhere.getByRole("button", { name: "Sign in" }).click();
  await expect(answer(elsewhere)).toContainText("nothing at this path");
  await page.close();
});
