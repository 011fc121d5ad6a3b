import type { Page } from "@playwright/test";

import { answerTo } from "../fixtures/posting.ts";
import { expect, test } from "../fixtures/test.ts";
import { E_VERIFY, FORM, addToken, fillInToken, panel, submit } from "../fixtures/tokens.ts";

/** Sends the form; without the live page, the answer is 422. */
async function submitInVain(page: Page, live: boolean): Promise<void> {
  if (live) {
    await submit(page);
  } else {
    const answer = await answerTo(page, () => submit(page));
    expect(answer.status()).toBe(422);
  }
}

async function expectFilledIn(page: Page): Promise<void> {
  await expect(page.getByLabel("Expiration")).toHaveValue("180d");
  for (const scope of E_VERIFY.scopes) {
    await expect(page.getByRole("checkbox", { name: scope, exact: true })).toBeChecked();
  }
  await expect(page.getByRole("checkbox", { checked: true })).toHaveCount(2);
}

test.beforeEach(async ({ annOpens, vigil }) => {
  vigil.expectStatus(422);
  await annOpens(FORM);
});

test.afterEach(async ({ latchkey }, testInfo) => {
  if (testInfo.title.includes("refused")) {
    const tokens = await latchkey.tokens();
    expect(tokens.filter((token) => token.description !== E_VERIFY.description)).toEqual([]);
  }
});

test("an empty form is refused, with a way to each field", async ({ page, live }) => {
  await submitInVain(page, live);
  const summary = page.getByRole("alert");
  await expect(summary.getByRole("link")).toHaveText([
    "Enter what this token is for.",
    "Select at least one scope.",
  ]);
  const description = page.getByLabel("Description");
  await expect(description).toBeFocused();
  await expect(description).toHaveAttribute("aria-invalid", "true");
  await expect(description).toHaveAccessibleDescription("Enter what this token is for.");
  const scopes = page.getByRole("group", { name: "Scopes" });
  await expect(scopes).toHaveAccessibleDescription("Select at least one scope.");
  await summary.getByRole("link", { name: "Select at least one scope." }).click();
  await expect(scopes).toBeFocused();
});

for (const [kind, description, sentence] of [
  ["of blanks", "   ", "Enter what this token is for."],
  ["of 121 characters", "x".repeat(121), "Keep the description to 120 characters."],
  [
    "that turns the direction of text",
    "paid\u202eyfireV-E",
    "Remove the invisible or direction-changing characters from the description.",
  ],
] as const) {
  test(`a description ${kind} is refused, and everything typed stays`, async ({ page, live }) => {
    // What a browser would cut off, something else can send.
    await page
      .getByLabel("Description")
      .evaluate((description) => description.removeAttribute("maxlength"));
    await fillInToken(page, { ...E_VERIFY, description });
    await submitInVain(page, live);
    const field = page.getByLabel("Description");
    await expect(field).toHaveAccessibleDescription(sentence);
    await expect(field).toHaveValue(description);
    await expectFilledIn(page);

    await field.fill(E_VERIFY.description);
    await submit(page);
    await expect(panel(page)).toBeVisible();
  });
}

test("120 characters of any script are taken", async ({ page }) => {
  const description = "雇".repeat(118) + "🔑🔑";
  await addToken(page, { ...E_VERIFY, description });
  await expect(page.getByRole("table")).toContainText(description);
});

test("a description is shown as text, whatever it is", async ({ page }) => {
  const description = `<img src=x onerror="alert(1)"> & 'quotes'`;
  await addToken(page, { ...E_VERIFY, description });
  await expect(page.getByRole("cell").first()).toContainText(description);
  await expect(page.getByRole("button", { name: `Revoke ${description}` })).toBeVisible();
});

test("a description in use is refused, however it is written", async ({ page, live, annOpens }) => {
  page.on("dialog", (dialog) => dialog.accept());
  await addToken(page, E_VERIFY);
  await annOpens(FORM);
  await fillInToken(page, { ...E_VERIFY, description: "  example E-VERIFY " });
  await submitInVain(page, live);
  const field = page.getByLabel("Description");
  await expect(field).toHaveAccessibleDescription(
    "You have an active token with this description. Choose another, so that they can be told apart.",
  );
  await expect(field).toHaveValue("  example E-VERIFY ");
  await expect(field).toBeFocused();
  await expectFilledIn(page);
});

test("no scope ticked is refused, and everything typed stays", async ({ page, live }) => {
  await fillInToken(page, { ...E_VERIFY, scopes: [] });
  await submitInVain(page, live);
  const scopes = page.getByRole("group", { name: "Scopes" });
  await expect(scopes).toHaveAttribute("aria-invalid", "true");
  await expect(scopes).toHaveAccessibleDescription("Select at least one scope.");
  await expect(scopes).toBeFocused();
  await expect(page.getByLabel("Description")).toHaveValue(E_VERIFY.description);
  await expect(page.getByLabel("Expiration")).toHaveValue("180d");
});

test("a scope that the catalog does not have is refused", async ({ page, live }) => {
  await fillInToken(page, E_VERIFY);
  await page
    .getByRole("checkbox", { name: "E-Verify Read", exact: true })
    .evaluate((box) => box.setAttribute("value", "e-verify-erase"));
  await submitInVain(page, live);
  await expect(page.getByRole("group", { name: "Scopes" })).toHaveAccessibleDescription(
    "A selected scope is not in the catalog any more. Review the selection and submit again.",
  );
  await expect(page.getByLabel("Description")).toHaveValue(E_VERIFY.description);
});

test("a lifetime that is not on offer is refused", async ({ page, live }) => {
  await fillInToken(page, E_VERIFY);
  await page
    .getByRole("option", { name: "180 Days" })
    .evaluate((option) => option.setAttribute("value", "10y"));
  await submitInVain(page, live);
  await expect(page.getByLabel("Expiration")).toHaveAccessibleDescription(
    "Choose 90 Days, 180 Days or 1 Year.",
  );
  await expect(page.getByLabel("Description")).toHaveValue(E_VERIFY.description);
});

test("neither selected nor all scopes is refused", async ({ page, live }) => {
  await fillInToken(page, E_VERIFY);
  await page
    .getByRole("radio", { name: "Selected Scopes" })
    .evaluate((radio) => radio.setAttribute("value", "some"));
  await submitInVain(page, live);
  await expect(page.getByRole("group", { name: "Scopes" })).toHaveAccessibleDescription(
    "Choose Selected Scopes or All Scopes.",
  );
});

test("a form whose one-time id is made up makes no token", async ({ page, vigil, latchkey }) => {
  vigil.expectStatus(409);
  await fillInToken(page, E_VERIFY);
  await page.locator("input[name=form_id]").evaluate((id) => id.setAttribute("value", "nonsense"));
  await submit(page);
  await expect(page.getByText("has already been created")).toBeVisible();
  expect(await latchkey.tokens()).toEqual([]);
});

test("problems show when a field is left, and go as soon as they are mended @live", async ({
  page,
}) => {
  const field = page.getByLabel("Description");
  const hint = /^What this token is for/;
  await field.pressSequentially("ab");
  await field.press("Backspace");
  await field.press("Backspace");
  await expect(field).toHaveAccessibleDescription(hint);
  await field.blur();
  await expect(field).toHaveAccessibleDescription("Enter what this token is for.");
  await field.pressSequentially("a");
  await expect(field).toHaveAccessibleDescription(hint);
  await expect(field).not.toHaveAttribute("aria-invalid");

  await submit(page);
  const scopes = page.getByRole("group", { name: "Scopes" });
  await expect(scopes).toHaveAccessibleDescription("Select at least one scope.");
  await page.getByRole("checkbox", { name: "Contact Read", exact: true }).check();
  await expect(scopes).not.toHaveAttribute("aria-invalid");
});

test("a server that is away is said so, and nothing typed is lost @live", async ({
  page,
  vigil,
}) => {
  vigil.expect(/ERR_INTERNET_DISCONNECTED/);
  await fillInToken(page, E_VERIFY);
  await page.context().setOffline(true);
  await submit(page);
  await expect(page.getByRole("alert")).toContainText("Latchkey cannot be reached.");
  await expect(page.getByLabel("Description")).toHaveValue(E_VERIFY.description);
  await expectFilledIn(page);
  await page.context().setOffline(false);
  await submit(page);
  await expect(panel(page)).toBeVisible();
});

test("a session that ended meanwhile costs nothing that was typed @live", async ({
  page,
  vigil,
}) => {
  vigil.expectStatus(401);
  await fillInToken(page, E_VERIFY);
  await page.context().clearCookies();
  await submit(page);
  await expect(page.getByRole("alert")).toContainText("Your session has ended");
  await expect(page.getByRole("link", { name: "Sign in in a new tab" })).toBeVisible();
  await expect(page.getByLabel("Description")).toHaveValue(E_VERIFY.description);
  await expectFilledIn(page);
});
