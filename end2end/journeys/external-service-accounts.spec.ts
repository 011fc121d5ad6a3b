import type { Page } from "@playwright/test";

import {
  ACCOUNTS,
  ADDITIONAL,
  fillInAdditional,
  generateToken,
  press,
  setUpAssess,
  startAssess,
  startSetUp,
  toSecondStep,
} from "../fixtures/accounts.ts";
import { statusLine } from "../fixtures/frame.ts";
import { ANN, BEN, type Person, enter, fillInSignIn } from "../fixtures/people.ts";
import { answerTo } from "../fixtures/posting.ts";
import { expect, test } from "../fixtures/test.ts";
import { Vendor } from "../fixtures/vendor.ts";
import { panel, row } from "../fixtures/tokens.ts";

const CARL: Person = { ...BEN, name: "Carl Ito", email: "carl@example.com", role: "admin" };
const ACME = "Assess on Cloud, Company Acme Staffing";

/** The field for the token. */
function token(page: Page) {
  return page.getByRole("textbox", { name: "Tempworks Token" });
}

test("the article's set-up is walked to its end", async ({ page, annOpens, latchkey, vigil }) => {
  vigil.expectStatus(422);
  await annOpens(ACCOUNTS);
  await page.getByRole("link", { name: "Set up the first one" }).click();

  await test.step("the start names what is missing", async () => {
    await press(page, "Start the set-up");
    await expect(page.getByRole("alert").getByRole("link")).toHaveText([
      "Choose one of the integrations.",
    ]);
    // What the level does not ask for is not there.
    await expect(page.getByLabel("Entity")).toBeHidden();
    await expect(page.getByLabel("Service Rep")).toBeHidden();
    await page.getByLabel("Level").selectOption("Service Rep");
    await expect(page.getByLabel("Service Rep")).toBeVisible();
    await page.getByRole("radio", { name: "Assess on Cloud" }).check();
    await page.getByLabel("Level").selectOption("Company");
    await press(page, "Start the set-up");
    await expect(page.getByLabel("Entity")).toHaveAccessibleDescription(
      "Enter whom the account is for.",
    );
    await expect(page.getByLabel("Entity")).toBeFocused();
    await page.getByLabel("Entity").fill("Acme Staffing");
    await press(page, "Start the set-up");
  });

  await test.step("1 Credentials", async () => {
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(ACME);
    await expect(page.locator("li[aria-current=step]")).toHaveText(/Credentials/);
    await press(page, "Next");
    const name = page.getByLabel("Account Name", { exact: true });
    await expect(name).toBeFocused();
    await expect(name).toHaveAttribute("aria-invalid", "true");
    await expect(name).toHaveAccessibleDescription(/Account Name is required\./);
    await name.fill("Acme");
    // Without a key there is nothing to keep them under.
    await expect(page.getByLabel("Password", { exact: true })).toBeDisabled();
    await expect(page.getByLabel("Password", { exact: true })).toHaveAccessibleDescription(
      /--secret-key-file/,
    );
    await toSecondStep(page);
  });

  await test.step("2 Additional Settings has the article's fields and buttons", async () => {
    await expect(page.getByRole("listitem").filter({ hasText: "Credentials" })).toContainText("✓");
    for (const label of ["# Days to Expire", "Manager Id", "Manager Emails", "Tempworks Token"]) {
      await expect(page.getByRole("textbox", { name: label, exact: true })).toBeVisible();
    }
    for (const label of [
      "Send Thank You Email",
      "Send Invitation Email",
      "Separate Email Per Test",
    ]) {
      await expect(page.getByRole("checkbox", { name: label })).toBeVisible();
    }
    for (const name of ["Save as draft", "Cancel", "Previous", "Submit"]) {
      await expect(page.getByRole("button", { name, exact: true })).toBeVisible();
    }
    await expect(page.getByLabel("Return URL")).toBeHidden();
    await page.getByText("Advanced Settings").click();
    await expect(page.getByLabel("Return URL", { exact: true })).toBeVisible();
  });

  await test.step("? says what a field is, on hover and on focus", async () => {
    const help = page.getByText("This is the personal access token generated in the user settings");
    const button = page.getByRole("button", { name: "About Tempworks Token" });
    await expect(help).toBeHidden();
    await button.hover();
    await expect(help).toBeVisible();
    await page.mouse.move(0, 0);
    await expect(help).toBeHidden();
    await button.focus();
    await expect(help).toBeVisible();
    await expect(button).toHaveAccessibleDescription(/personal access token generated/);
    await expect(token(page)).toHaveAccessibleDescription(/personal access token generated/);
    await expect(page.getByLabel("Manager Emails", { exact: true })).toHaveAccessibleDescription(
      /Should be a comma-delimited string of email if there are more than one/,
    );
  });

  await test.step("each error stands at its field, and nothing typed is lost", async () => {
    await fillInAdditional(page);
    const days = page.getByLabel("# Days to Expire", { exact: true });
    const emails = page.getByLabel("Manager Emails", { exact: true });
    await days.fill("366");
    await emails.fill("ann@example.com, bob");
    await token(page).fill("latchkey_mistyped");
    await press(page, "Submit");
    await expect(days).toBeFocused();
    await expect(days).toHaveAccessibleDescription(/Enter a whole number from 1 to 365\./);
    await expect(emails).toHaveAccessibleDescription(/“bob” is no e-mail address\./);
    await expect(token(page)).toHaveAccessibleDescription(/incomplete or mistyped/);
    await expect(days).toHaveValue("366");
    await expect(emails).toHaveValue("ann@example.com, bob");
    await expect(token(page)).toHaveValue("");
    await page.getByRole("alert").getByRole("link", { name: "“bob”" }).click();
    await expect(emails).toBeFocused();
    await fillInAdditional(page);
    // Enter does what the primary button does.
    await days.press("Enter");
    await expect(page.getByRole("alert").getByRole("link")).toHaveText([
      "Tempworks Token is required.",
    ]);
    await expect(token(page)).toBeFocused();
    await expect(days).toHaveValue(ADDITIONAL.days);
  });

  const secret = await test.step("+ generates a token, shows it once and confirms it", async () => {
    const secret = await generateToken(page, ANN.email);
    await expect(page.getByText("Confirmed: every call that it makes")).toBeVisible();
    const checks = page.locator(".checks li");
    await expect(checks).toHaveText([
      /Green.*The token itself.*GET \/api\/v1\/token/,
      /Green.*Assess On Cloud Results Write.*POST \/api\/v1\/assess-on-cloud-results/,
      ...Array.from({ length: 5 }, () => /Green.*It would be let in/),
    ]);
    await page.getByRole("link", { name: "Go on with the set-up" }).click();
    await expect(token(page)).toHaveValue(new RegExp(`^${secret.sid} · `));
    await expect(page.locator("body")).not.toContainText(secret.authToken);
    await expect(page.getByLabel("Manager Id", { exact: true })).toHaveValue(ADDITIONAL.managerId);
    return secret;
  });

  await press(page, "Submit");
  await expect(statusLine(page, "the account is active, and its token works")).toBeVisible();
  await expect(page.locator(".facts")).toContainText(secret.sid);
  const answer = await new Vendor(latchkey.url, secret).call(
    "GET",
    "/api/v1/external-service-account",
  );
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ settings: { manager_id: ADDITIONAL.managerId } });
  await page.goto(ACCOUNTS);
  await expect(row(page, "Acme Staffing")).toContainText("Active");
  await row(page, "Acme Staffing").locator("time").first().focus();
  await expect(row(page, "Acme Staffing").getByRole("tooltip").first()).toBeVisible();
});

test("a draft is left, and taken up again by another admin", async ({
  page,
  annOpens,
  latchkey,
  secondBrowser,
}) => {
  await annOpens(ACCOUNTS);
  await startAssess(page, "Acme Staffing");
  await fillInAdditional(page);
  await press(page, "Previous");
  await expect(page.locator("li[aria-current=step]")).toHaveText(/Credentials/);
  await page.getByRole("button", { name: "Additional Settings" }).click();
  await expect(page.getByLabel("Manager Emails", { exact: true })).toHaveValue(ADDITIONAL.emails);
  await page.getByLabel("Manager Id", { exact: true }).fill("M-18");
  await press(page, "Save as draft");
  await expect(statusLine(page, "Saved as a draft")).toBeVisible();

  await latchkey.addRep(CARL);
  const other = await secondBrowser.newPage();
  await enter(other, CARL, latchkey.url);
  await other.goto(ACCOUNTS);
  await expect(row(other, "Acme Staffing")).toContainText("Draft");
  await other.getByRole("link", { name: `Continue: ${ACME}` }).click();
  await expect(other.getByText(`by ${ANN.name}.`)).toBeVisible();
  await expect(other.getByLabel("Manager Id", { exact: true })).toHaveValue("M-18");
  await expect(other.getByRole("checkbox", { name: "Send Thank You Email" })).toBeChecked();
  await generateToken(other, CARL.email);
  await other.getByRole("link", { name: "Go on with the set-up" }).click();
  await press(other, "Submit");
  await expect(statusLine(other, "the account is active")).toBeVisible();
});

test("two admins on one draft are told the truth", async ({
  page,
  ann,
  open,
  latchkey,
  secondBrowser,
  vigil,
}) => {
  vigil.expectStatus(409);
  await open(ACCOUNTS);
  await startAssess(page, "Acme Staffing");
  await fillInAdditional(page);
  await latchkey.addRep(CARL);
  const other = await secondBrowser.newPage();
  await enter(other, CARL, latchkey.url);
  await other.goto(page.url());
  await other.getByLabel("# Days to Expire", { exact: true }).fill("90");
  await press(other, "Save as draft");
  await expect(statusLine(other, "Saved as a draft")).toBeVisible();
  const late = await answerTo(page, () => press(page, "Save as draft"));
  expect(late.status()).toBe(409);
  await expect(statusLine(page, `${CARL.name} has changed this account`)).toBeVisible();
  await expect(page.getByLabel("# Days to Expire", { exact: true })).toHaveValue(ADDITIONAL.days);
  await expect(page.getByText("Saved meanwhile: 90")).toBeVisible();
  await press(page, "Save as draft");
  await expect(statusLine(page, "Saved as a draft")).toBeVisible();
  await generateToken(page, ann.email);
  await page.getByRole("link", { name: "Go on with the set-up" }).click();

  // Both submit what both see.
  await other.goto(page.url());
  await press(page, "Submit");
  await expect(statusLine(page, "the account is active")).toBeVisible();
  const second = await answerTo(other, () => press(other, "Submit"));
  expect(second.status()).toBe(409);
  await expect(
    statusLine(other, `${ann.name} has submitted this account meanwhile: it is active`),
  ).toBeVisible();
});

test("what was typed outlives the session, secrets excepted", async ({ page, annOpens }) => {
  await annOpens(ACCOUNTS);
  await startAssess(page, "Acme Staffing");
  await fillInAdditional(page);
  await token(page).fill("latchkey_secret");
  await page.context().clearCookies();
  await press(page, "Save as draft");
  await fillInSignIn(page, ANN.email, ANN.password);
  await expect(statusLine(page, "Your session had ended, and nothing was done.")).toBeVisible();
  await expect(page.getByLabel("Manager Emails", { exact: true })).toHaveValue(ADDITIONAL.emails);
  await expect(page.getByRole("checkbox", { name: "Send Thank You Email" })).toBeChecked();
  await expect(token(page)).toHaveValue("");
  await press(page, "Save as draft");
  await expect(statusLine(page, "Saved as a draft")).toBeVisible();
});

test("cancelling asks once, and ends the token", async ({ page, ann, open, latchkey }) => {
  await open(ACCOUNTS);
  await startAssess(page, "Acme Staffing");
  const secret = await generateToken(page, ann.email);
  await page.getByRole("link", { name: "Go on with the set-up" }).click();
  await page.getByLabel("Manager Id", { exact: true }).fill("typed, not saved");
  await press(page, "Cancel");
  const question = page.getByRole("dialog", { name: "Cancel this set-up?" });
  await expect(question).toContainText("is revoked at once");
  await expect(question.getByRole("button", { name: "Keep the draft" })).toBeFocused();
  await question.getByRole("button", { name: "Keep the draft" }).click();
  await expect(question).toBeHidden();
  await expect(page.getByLabel("Manager Id", { exact: true })).toHaveValue("typed, not saved");
  const vendor = new Vendor(latchkey.url, secret);
  expect((await vendor.call("GET", "/api/v1/token")).status).toBe(200);
  await press(page, "Cancel");
  await question.getByRole("button", { name: "Cancel the set-up" }).click();
  await expect(statusLine(page, "The set-up is cancelled")).toContainText("Its token is revoked.");
  await expect(page.getByRole("heading", { name: "No external service accounts" })).toBeVisible();
  expect((await vendor.call("GET", "/api/v1/token")).status).toBe(401);
});

test("an account's token is replaced and revoked from its list", async ({
  page,
  ann,
  open,
  latchkey,
}) => {
  await open(ACCOUNTS);
  const first = await setUpAssess(page, "Acme Staffing", ann.email);
  await page.goto(ACCOUNTS);
  await page.getByRole("link", { name: `Replace: ${ACME}` }).click();
  await expect(page.getByText("which is revoked at once")).toBeVisible();
  await press(page, "Generate");
  await expect(panel(page)).toBeVisible();
  expect((await new Vendor(latchkey.url, first).call("GET", "/api/v1/token")).status).toBe(401);
  await page.getByRole("link", { name: "Back to the account" }).click();
  await page.getByLabel("# Days to Expire", { exact: true }).fill("60");
  await press(page, "Save Additional Settings");
  await expect(statusLine(page, "The settings are saved.")).toBeVisible();
  await page.goto(ACCOUNTS);
  await page.getByRole("link", { name: `Revoke: ${ACME}` }).click();
  const section = page.getByRole("region", { name: `Revoke ${ACME}?` });
  await expect(section).toBeInViewport();
  await expect(section).toContainText("every call with it is refused");
  await section.getByRole("button", { name: "Revoke" }).click();
  await expect(statusLine(page, "Its token is revoked.")).toBeVisible();
  await expect(page.getByText("Its token was revoked. Replace the token to go on.")).toBeVisible();
  await page.goto(ACCOUNTS);
  await expect(row(page, "Acme Staffing")).toContainText("Failing");
});

test("any other vendor's scopes are chosen, and a token pasted", async ({
  page,
  ann,
  open,
  latchkey,
  vigil,
}) => {
  vigil.expectStatus(422);
  const few = await latchkey.addToken(ann, "Too few", ["customer-read"]);
  const enough = await latchkey.addToken(ann, "Northwind", ["customer-read", "order-read"]);
  await open(ACCOUNTS);
  await startSetUp(page, "Generic Vendor", "Acme Staffing");
  await page.getByLabel("Vendor Name").fill("Northwind");
  await toSecondStep(page);
  await press(page, "Generate a token");
  await expect(page.getByRole("alert").getByRole("link")).toHaveText([
    "Select at least one scope.",
  ]);
  await page.getByRole("checkbox", { name: "Customer Read", exact: true }).check();
  await page.getByRole("checkbox", { name: "Order Read", exact: true }).check();
  await token(page).fill(few.auth_token);
  await press(page, "Submit");
  await expect(token(page)).toHaveAccessibleDescription(/This token lacks order-read\./);
  await expect(token(page)).toHaveValue("");
  await expect(page.getByRole("checkbox", { name: "Order Read", exact: true })).toBeChecked();
  await token(page).fill(enough.auth_token);
  await press(page, "Submit");
  await expect(statusLine(page, "the account is active")).toBeVisible();
  await expect(page.locator(".facts")).toContainText(enough.account_sid);
});

test.describe("with a key for vendors' credentials", () => {
  test.use({ keepsCredentials: true });

  test("credentials are set, never shown, and removed", async ({ page, annOpens, vigil }) => {
    vigil.expectStatus(422);
    await annOpens(ACCOUNTS);
    await startSetUp(page, "E-Verify", "Acme Staffing");
    const user = page.getByLabel("User Name", { exact: true });
    const password = page.getByLabel("Password", { exact: true });
    await password.fill("the vendor's password");
    await press(page, "Next");
    await expect(user).toBeFocused();
    await expect(user).toHaveAccessibleDescription(/User Name is required\./);
    await expect(password).toHaveValue("");
    await expect(password).toHaveAccessibleDescription(/Set\. It is not shown again/);
    await user.fill("the vendor's user");
    await toSecondStep(page);
    await press(page, "Previous");
    await expect(user).toHaveValue("");
    await page.getByLabel("Remove the User Name that is set").check();
    await press(page, "Save as draft");
    await expect(user).toHaveAccessibleDescription(/Not set\./);
  });
});
