import type { BrowserContext, Page } from "@playwright/test";

import { statusLine } from "../fixtures/frame.ts";
import { ANN, BEN, type Person, enter, fillInSignIn, signIn } from "../fixtures/people.ts";
import { answerTo } from "../fixtures/posting.ts";
import { expect, test } from "../fixtures/test.ts";
import { E_VERIFY, LIST, fillInToken, panel, readPanel, row, submit } from "../fixtures/tokens.ts";

const REPS = "/administration/service-reps";

const CARL: Person = {
  name: "Carl Ito",
  email: "carl@example.com",
  password: "nine paper kites over harbour",
  role: "admin",
};

async function openRep(page: Page, name: string): Promise<void> {
  await page.goto(REPS);
  await page.getByRole("link", { name }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(name);
}

async function invite(page: Page, { name, email }: Person): Promise<string> {
  await page.goto(REPS);
  await page.getByRole("link", { name: "Invite" }).click();
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("E-mail").fill(email);
  await page.getByRole("button", { name: "Make the invitation" }).click();
  return page.locator("code[aria-label=Link]").innerText();
}

/** Ann's page in another browser, where she or somebody else is signed in. */
async function alsoOpen(
  browser: BrowserContext,
  person: Person,
  origin: string,
  path: string,
): Promise<Page> {
  const page = await browser.newPage();
  await enter(page, person, origin);
  await page.goto(path);
  return page;
}

test("somebody is invited, chooses a password, and is in", async ({
  page,
  annOpens,
  secondBrowser,
  vigil,
}) => {
  vigil.expectStatus(410, 422);
  await annOpens(REPS);
  const link = await invite(page, BEN);
  await expect(page.getByText("is invited. Give them this link now")).toBeVisible();
  // Shown once.
  await openRep(page, BEN.name);
  await expect(page.locator("code[aria-label=Link]")).toHaveCount(0);
  await expect(page.getByRole("definition").filter({ hasText: "Invited" })).toBeVisible();

  const other = await secondBrowser.newPage();
  await other.goto(link);
  await other.goto(link);
  await other.getByLabel("Password").fill("short");
  await other.getByRole("button", { name: "Set password" }).click();
  await expect(other.getByLabel("Password")).toHaveAccessibleDescription(
    "Use at least 12 characters.",
  );
  await other.getByLabel("Password").fill(BEN.password);
  await other.getByRole("button", { name: "Set password" }).click();
  await expect(other).toHaveURL(LIST);
  const again = await other.goto(link);
  expect(again?.status()).toBe(410);
  await expect(other.getByRole("alert")).toHaveText(
    "This link is used, replaced or out of date. Ask an admin for a new one.",
  );

  // A page from before says what has happened meanwhile.
  vigil.expectStatus(409);
  await page.getByRole("button", { name: "Withdraw the invitation" }).click();
  await expect(statusLine(page, "has been accepted meanwhile")).toBeVisible();
});

test("an invitation is made anew, and withdrawn", async ({ page, annOpens }) => {
  await annOpens(REPS);
  const first = await invite(page, BEN);
  await openRep(page, BEN.name);
  await page.getByRole("button", { name: "Invite again" }).click();
  const second = await page.locator("code[aria-label=Link]").innerText();
  expect(second).not.toBe(first);
  await page.getByRole("button", { name: "Withdraw the invitation" }).click();
  await expect(statusLine(page, "The invitation is withdrawn")).toBeVisible();
  await expect(page.getByRole("link", { name: BEN.name })).toHaveCount(0);
});

test("a rep is disabled by two admins at once: one effect, and both are told the truth", async ({
  page,
  ann,
  latchkey,
  open,
  secondBrowser,
  vigil,
}) => {
  vigil.expectStatus(409);
  await latchkey.addRep(BEN);
  const { auth_token } = await latchkey.addToken(BEN, "Payroll", ["timecard-read"]);
  await open(REPS);
  await openRep(page, BEN.name);
  const other = await alsoOpen(secondBrowser, ann, latchkey.url, new URL(page.url()).pathname);
  await page.getByRole("button", { name: "Disable" }).click();
  await expect(statusLine(page, "Disabled: 0 sessions ended and 1 token stopped.")).toBeVisible();
  const call = await page.request.get("/api/v1/token", {
    headers: { authorization: `Bearer ${auth_token}`, cookie: "" },
  });
  expect(call.status()).toBe(401);
  const late = await answerTo(other, () => other.getByRole("button", { name: "Disable" }).click());
  expect(late.status()).toBe(409);
  await expect(statusLine(other, "They are disabled already")).toBeVisible();
  await other.getByRole("button", { name: "Enable" }).click();
  await expect(statusLine(other, "Enabled. Tokens that work again: 1.")).toBeVisible();
});

test("the last admin stays; a second one can take over", async ({
  page,
  ann,
  latchkey,
  open,
  vigil,
}) => {
  vigil.expectStatus(403, 409);
  await latchkey.addRep(BEN);
  await open(REPS);
  await openRep(page, ann.name);
  await page.getByRole("button", { name: "Make rep" }).click();
  await expect(statusLine(page, "the last admin who can sign in")).toBeVisible();
  await openRep(page, BEN.name);
  await page.getByRole("button", { name: "Make admin" }).click();
  await expect(statusLine(page, "They are an admin now.")).toBeVisible();
  await openRep(page, ann.name);
  await page.getByRole("button", { name: "Make rep" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("For admins only");
});

test("a forgotten password is replaced by a link", async ({
  page,
  annOpens,
  latchkey,
  secondBrowser,
  vigil,
}) => {
  vigil.expectStatus(422);
  await latchkey.addRep(BEN);
  const other = await secondBrowser.newPage();
  await signIn(other, BEN);
  await annOpens(REPS);
  await openRep(page, BEN.name);
  await page.getByRole("button", { name: "Make a reset link" }).click();
  const link = await page.locator("code[aria-label=Link]").innerText();
  const third = await secondBrowser.newPage();
  await third.goto(link);
  await third.getByLabel("Password").fill(CARL.password);
  await third.getByRole("button", { name: "Set password" }).click();
  await expect(third).toHaveURL(LIST);
  await third.context().clearCookies();
  await third.goto("/sign-in");
  await fillInSignIn(third, BEN.email, BEN.password);
  await expect(third.getByRole("alert")).toContainText("E-mail or password is wrong.");
  await fillInSignIn(third, BEN.email, CARL.password);
  await expect(third).toHaveURL(LIST);
});

test("a service is added with two people who answer for it", async ({
  page,
  annOpens,
  latchkey,
  vigil,
}) => {
  vigil.expectStatus(422);
  await latchkey.addRep(BEN);
  await annOpens(REPS);
  await page.getByRole("link", { name: "Add a service" }).click();
  await page.getByLabel("Name").fill("Job feed");
  await page.getByLabel("E-mail", { exact: true }).fill("feed@example.com");
  await page.getByLabel("First owner").fill(ANN.email);
  await page.getByLabel("Second owner").fill(ANN.email);
  await page.getByRole("button", { name: "Add the service" }).click();
  const second = page.getByLabel("Second owner");
  await expect(second).toHaveAccessibleDescription(/^Enter another person/);
  await expect(page.getByLabel("Name")).toHaveValue("Job feed");
  await second.fill(BEN.email);
  await page.getByRole("button", { name: "Add the service" }).click();
  await expect(statusLine(page, "The service is added.")).toBeVisible();
  await page.getByRole("link", { name: BEN.name }).click();
  await page.getByRole("button", { name: "Disable" }).click();
  await expect(page.getByText("still named as an owner")).toBeVisible();
});

test("a leaver’s tokens go to somebody else; what would clash stays", async ({
  page,
  annOpens,
  latchkey,
}) => {
  await latchkey.addRep(BEN);
  await latchkey.addToken(BEN, "Payroll", ["timecard-read"]);
  await latchkey.addToken(BEN, "Indeed", ["job-board-read"]);
  await latchkey.addToken(ANN, "indeed", ["job-board-read"]);
  await annOpens(REPS);
  await openRep(page, BEN.name);
  await page.getByRole("button", { name: "Disable" }).click();
  await page.getByRole("link", { name: "Move the tokens" }).click();
  await page.getByLabel("New owner").fill(ANN.email);
  await page.getByRole("button", { name: "Show what would move" }).click();
  await expect(page.getByRole("heading", { name: "Staying: 1 token" })).toBeVisible();
  await page.getByRole("button", { name: "Move 1 token" }).click();
  await expect(statusLine(page, "1 token moved. 1 stayed")).toBeVisible();
  await page.goto(LIST);
  await expect(row(page, "Payroll")).toBeVisible();
});

test("an admin adds a token for a rep; both see who made it", async ({
  page,
  annOpens,
  latchkey,
  secondBrowser,
}) => {
  await latchkey.addRep(BEN);
  await annOpens("/administration/personal-access-tokens/new");
  await page.getByRole("searchbox", { name: "Name or e-mail" }).fill("BEN");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("link", { name: BEN.name }).click();
  await expect(page.getByRole("checkbox", { name: "Token Introspect" })).toHaveCount(0);
  await fillInToken(page, E_VERIFY);
  await submit(page);
  await expect(panel(page)).toBeVisible();
  const secret = await readPanel(page);
  await expect(page.getByRole("definition").filter({ hasText: BEN.email })).toBeVisible();
  // Reloading posts the form again: nothing is made, nothing is shown.
  await page.reload();
  await expect(statusLine(page, "already been created")).toBeVisible();
  expect(await page.content()).not.toContain(secret.authToken);

  const other = await alsoOpen(secondBrowser, BEN, latchkey.url, LIST);
  await expect(row(other, E_VERIFY.description)).toContainText(`Added by ${ANN.name}`);
  await other.goto(`${LIST}/${secret.sid}`);
  await expect(other.getByText(`${ANN.name}, on the page`)).toBeVisible();
});

test("filters are in the address, and nonsense is said to be left out", async ({
  page,
  annOpens,
  latchkey,
}) => {
  await latchkey.addRep(BEN);
  await annOpens(`${REPS}?role=king`);
  await expect(page.getByText("Left out, since there is no such choice: the role.")).toBeVisible();
  await page.getByLabel("Role").selectOption("Rep");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page).toHaveURL(/role=rep/);
  await expect(page.getByRole("link", { name: BEN.name })).toBeVisible();
  await expect(page.getByRole("main").getByRole("link", { name: ANN.name })).toHaveCount(0);
});

test("a session that ended while a form was filled in costs nothing that was typed", async ({
  page,
  ann,
  open,
}) => {
  await open(`${REPS}/new`);
  await page.getByLabel("Name").fill(BEN.name);
  await page.getByLabel("E-mail").fill(BEN.email);
  await page.getByRole("radio", { name: "Admin" }).check();
  await page.context().clearCookies();
  await page.getByRole("button", { name: "Make the invitation" }).click();
  await fillInSignIn(page, ann.email, ann.password);
  await expect(page).toHaveURL(`${REPS}/new`);
  await expect(page.getByRole("alert")).toContainText("Your session had ended");
  await expect(page.getByLabel("Name")).toHaveValue(BEN.name);
  await expect(page.getByLabel("E-mail")).toHaveValue(BEN.email);
  await expect(page.getByRole("radio", { name: "Admin" })).toBeChecked();
  await page.getByRole("button", { name: "Make the invitation" }).click();
  await expect(page.locator("code[aria-label=Link]")).toBeVisible();
});

test("a rep is disabled and enabled by the keyboard alone", async ({
  page,
  annOpens,
  latchkey,
}) => {
  await latchkey.addRep(BEN);
  await annOpens(REPS);
  const press = async (role: "link" | "button", name: string) => {
    const target = page.getByRole("main").getByRole(role, { name });
    await expect(target).toBeVisible();
    for (let presses = 0; presses < 60; presses += 1) {
      if (await target.evaluate((element) => element === document.activeElement)) {
        break;
      }
      await page.keyboard.press("Tab");
    }
    await expect(target).toBeFocused();
    await page.keyboard.press("Enter");
  };
  await press("link", BEN.name);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(BEN.name);
  await press("button", "Disable");
  await expect(statusLine(page, "Disabled:")).toBeVisible();
  await press("button", "Enable");
  await expect(statusLine(page, "Enabled.")).toBeVisible();
});
