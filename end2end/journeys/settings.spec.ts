import type { Locator, Page } from "@playwright/test";

import { openPersonsMenu, signOut, statusLine } from "../fixtures/frame.ts";
import { BEN, fillInSignIn, signIn } from "../fixtures/people.ts";
import { expect, test } from "../fixtures/test.ts";
import { LIST } from "../fixtures/tokens.ts";

const GENERAL = "/settings/general";

function section(page: Page, name: string): Locator {
  return page.getByRole("region", { name, exact: true });
}

async function save(section: Locator): Promise<void> {
  await section.getByRole("button").click();
}

function background(page: Page): Promise<string> {
  return page.locator("body").evaluate((body) => getComputedStyle(body).backgroundColor);
}

test("a new name is shown at once and kept", async ({ page, annOpens }) => {
  await annOpens(GENERAL);
  const profile = section(page, "Profile");
  await profile.getByLabel("Name").fill("  Ann Mercer-Holt ");
  await save(profile);
  await expect(statusLine(page, "Your name is saved.")).toBeVisible();
  await expect(page.locator("summary", { hasText: "Ann Mercer-Holt" })).toBeVisible();
  await page.reload();
  await expect(profile.getByLabel("Name")).toHaveValue("Ann Mercer-Holt");
});

test("a name or address that cannot be is refused, and what was typed stays", async ({
  page,
  annOpens,
  ann,
  latchkey,
  vigil,
}) => {
  vigil.expectStatus(422);
  await latchkey.addRep(BEN);
  await annOpens(GENERAL);
  const profile = section(page, "Profile");
  await profile.getByLabel("Name").fill("   ");
  await save(profile);
  await expect(profile.getByLabel("Name")).toHaveAccessibleDescription("Enter a name.");

  const email = section(page, "E-mail");
  await email.getByLabel("E-mail").fill("ann at example");
  await email.getByLabel("Current password").fill(ann.password);
  await save(email);
  await expect(email.getByLabel("E-mail")).toHaveAccessibleDescription(/^Enter an e-mail address/);
  await expect(email.getByLabel("E-mail")).toHaveValue("ann at example");

  await email.getByLabel("E-mail").fill(BEN.email);
  await email.getByLabel("Current password").fill(ann.password);
  await save(email);
  await expect(email.getByLabel("E-mail")).toHaveAccessibleDescription(
    "Another service rep has this e-mail address.",
  );
});

test("a form that is refused says so above its fields, with a way to each", async ({
  page,
  annOpens,
  vigil,
}) => {
  vigil.expectStatus(422);
  await annOpens(GENERAL);
  const password = section(page, "Password");
  await save(password);
  await expect(password.getByLabel("New password")).toHaveAccessibleDescription(
    "Enter a password.",
  );
  await expect(password.locator(":focus")).toHaveCount(1);
  const links = password.getByRole("alert").getByRole("link");
  await expect(links).toHaveText(["Enter your current password.", "Enter a password."]);
  await links.last().click();
  await expect(password.getByLabel("New password")).toBeFocused();
});

test("a server that is away is said so, and nothing typed is lost @live", async ({
  page,
  annOpens,
  vigil,
}) => {
  vigil.expect(/ERR_INTERNET_DISCONNECTED/);
  await annOpens(GENERAL);
  const profile = section(page, "Profile");
  await profile.getByLabel("Name").fill("Ann Mercer-Holt");
  await page.context().setOffline(true);
  await save(profile);
  await expect(profile.getByRole("alert")).toContainText("Latchkey cannot be reached.");
  await expect(profile.getByLabel("Name")).toHaveValue("Ann Mercer-Holt");
  await page.context().setOffline(false);
  await save(profile);
  await expect(statusLine(page, "Your name is saved.")).toBeVisible();
});

test("a new e-mail address needs the password, and ends the other sessions", async ({
  page,
  ann,
  open,
  secondBrowser,
  vigil,
}) => {
  vigil.expectStatus(422);
  const elsewhere = await secondBrowser.newPage();
  await signIn(elsewhere, ann);
  await open(GENERAL);
  const email = section(page, "E-mail");
  const password = email.getByLabel("Current password");
  await email.getByLabel("E-mail").fill("ann.mercer@example.com");
  await save(email);
  await expect(password).toHaveAccessibleDescription("Enter your current password.");
  await password.fill("not my password, sorry");
  await save(email);
  await expect(password).toHaveAccessibleDescription("This is not your current password.");
  await expect(email.getByLabel("E-mail")).toHaveValue("ann.mercer@example.com");
  await password.fill(ann.password);
  await save(email);
  await expect(
    statusLine(page, "Your e-mail address is changed. Other sessions have ended."),
  ).toBeVisible();
  await openPersonsMenu(page, ann.name);
  await expect(page.getByText("ann.mercer@example.com")).toBeVisible();

  await elsewhere.goto(LIST);
  await fillInSignIn(elsewhere, ann.email, ann.password);
  await expect(elsewhere.getByRole("alert")).toContainText("E-mail or password is wrong.");
  await fillInSignIn(elsewhere, "ann.mercer@example.com", ann.password);
  await expect(elsewhere.getByRole("heading", { level: 1 })).toHaveText("Personal Access Tokens");
});

test("a new password replaces the old one, and ends the other sessions", async ({
  page,
  ann,
  open,
  secondBrowser,
  vigil,
}) => {
  vigil.expectStatus(422);
  const elsewhere = await secondBrowser.newPage();
  await signIn(elsewhere, ann);
  await open(GENERAL);
  const password = section(page, "Password");
  const [current, next] = [
    password.getByLabel("Current password"),
    password.getByLabel("New password"),
  ];
  await current.fill(ann.password);
  await next.fill("too short");
  await save(password);
  await expect(next).toHaveAccessibleDescription("Use at least 12 characters.");

  const better = "nine paper kites over harbour";
  await current.fill(ann.password);
  await next.fill(better);
  await save(password);
  await expect(
    statusLine(page, "Your password is changed. Other sessions have ended."),
  ).toBeVisible();
  // Neither is left behind in the form.
  await expect(current).toHaveValue("");
  await expect(next).toHaveValue("");

  await elsewhere.reload();
  await expect(elsewhere).toHaveURL(/\/sign-in\?next=/);
  await signOut(page, ann.name);
  await fillInSignIn(page, ann.email, ann.password);
  await expect(page.getByRole("alert")).toContainText("E-mail or password is wrong.");
  await fillInSignIn(page, ann.email, better);
  await expect(page).toHaveURL(LIST);
});

test("light, dark and system change the colours, and are kept", async ({ page, annOpens }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await annOpens(GENERAL);
  const appearance = section(page, "Appearance");
  const light = await background(page);

  await appearance.getByRole("radio", { name: "Dark" }).check();
  await save(appearance);
  await expect(statusLine(page, "The appearance is saved.")).toBeVisible();
  await expect.poll(() => background(page)).not.toBe(light);
  const dark = await background(page);
  await annOpens(LIST);
  expect(await background(page)).toBe(dark);
  await annOpens(GENERAL);
  await expect(appearance.getByRole("radio", { name: "Dark" })).toBeChecked();

  await page.emulateMedia({ colorScheme: "dark" });
  await appearance.getByRole("radio", { name: "Light" }).check();
  await save(appearance);
  await expect.poll(() => background(page)).toBe(light);

  await appearance.getByRole("radio", { name: "System" }).check();
  await save(appearance);
  await expect.poll(() => background(page)).toBe(dark);
  await page.emulateMedia({ colorScheme: "light" });
  await expect.poll(() => background(page)).toBe(light);
});

test("other sessions are listed, and end when asked to", async ({
  page,
  ann,
  open,
  secondBrowser,
}) => {
  const elsewhere = await secondBrowser.newPage();
  await signIn(elsewhere, ann);
  await open(GENERAL);
  const sessions = section(page, "Sessions");
  await expect(sessions.getByRole("listitem")).toHaveCount(2);
  await expect(sessions.getByText("This session")).toHaveCount(1);
  await sessions.getByRole("button", { name: "End other sessions" }).click();
  await expect(statusLine(page, "Your other sessions have ended.")).toBeVisible();
  await expect(sessions.getByRole("listitem")).toHaveCount(1);

  await elsewhere.reload();
  await expect(elsewhere).toHaveURL(`/sign-in?next=${LIST}`);
  await page.reload();
  await expect(page).toHaveURL(new RegExp(`^[^?]*${GENERAL}`));
});

test("diagnostics say who and what", async ({ page, ann, open, latchkey }) => {
  await open("/settings/diagnostics");
  const fact = (name: string) =>
    page
      .getByRole("main")
      .getByRole("definition")
      .and(page.locator(`dt:text-is("${name}") + dd`));
  await expect(fact("Version")).toHaveText(/^\d+\.\d+\.\d+$/);
  await expect(fact("Database")).toHaveText(
    latchkey.database.file === undefined ? /^PostgreSQL \d+/ : /^SQLite 3\.\d+/,
  );
  const clock = await fact("Server's clock").locator("time").getAttribute("datetime");
  expect(Math.abs(Date.now() - Date.parse(clock ?? ""))).toBeLessThan(60_000);
  await expect(fact("Signed in as")).toHaveText(`${ann.name} (${ann.email}, admin)`);
  await expect(fact("Scopes in the catalog")).toHaveText("40");
  await expect(fact("Session started").locator("time")).toHaveText("just now");
  await expect(fact("Session started from")).toHaveText("127.0.0.1");
  await expect(fact("Browser")).toContainText("Chrome");
  await expect(fact("Request id")).not.toBeEmpty();
});
