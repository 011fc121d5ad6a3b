import { answerTo } from "../fixtures/posting.ts";
import { ANN, BEN, type Person } from "../fixtures/people.ts";
import type { Page } from "@playwright/test";
import { expect, test } from "../fixtures/test.ts";
import { LIST } from "../fixtures/tokens.ts";

async function createAccount(page: Page, person: Person): Promise<void> {
  await page.getByLabel("Name").fill(person.name);
  await page.getByLabel("E-mail").fill(person.email);
  await page.getByLabel("Password").fill(person.password);
  await page.getByRole("button", { name: "Create account" }).click();
}

test("the set-up link works once, then says where to sign in", async ({
  page,
  latchkey,
  vigil,
}) => {
  vigil.expectStatus(410);
  const link = latchkey.setUpLink ?? "";
  // Looking changes nothing.
  await page.goto(link);
  await page.goto(link);
  await createAccount(page, ANN);
  await expect(page).toHaveURL(LIST);

  const again = await page.goto(link);
  expect(again?.status()).toBe(410);
  await expect(page.getByRole("alert")).toHaveText("Latchkey is set up already. Sign in instead.");
  await expect(page.getByRole("button", { name: "Create account" })).toHaveCount(0);
  await page.context().clearCookies();
  await page.getByRole("link", { name: "Sign in" }).click();
  await expect(page).toHaveURL("/sign-in");
});

test("of two people with the set-up link, the second is refused", async ({
  page,
  latchkey,
  secondBrowser,
  vigil,
}) => {
  vigil.expectStatus(410);
  const other = await secondBrowser.newPage();
  await other.goto(latchkey.setUpLink ?? "");
  await page.goto(latchkey.setUpLink ?? "");
  await createAccount(page, ANN);
  await expect(page).toHaveURL(LIST);

  const answer = await answerTo(other, () => createAccount(other, BEN));
  expect(answer.status()).toBe(410);
  await expect(other.getByRole("alert")).toHaveText("Latchkey is set up already. Sign in instead.");
  await expect(other.getByRole("link", { name: "Sign in" })).toBeVisible();
  expect(await secondBrowser.cookies()).toEqual([]);
});

test("a wrong set-up link is refused", async ({ page, vigil }) => {
  vigil.expectStatus(410);
  for (const address of ["/setup?code=nonsense", "/setup?code=", "/setup"]) {
    const answer = await page.goto(address);
    expect(answer?.status()).toBe(410);
    await expect(page.getByRole("alert")).toHaveText(
      "This set-up link is used or out of date. Start Latchkey again for a new one.",
    );
    await expect(page.getByRole("button", { name: "Create account" })).toHaveCount(0);
  }
});

test("what is wrong is said at its field, and what was typed stays", async ({
  page,
  latchkey,
  vigil,
}) => {
  vigil.expectStatus(422);
  await page.goto(latchkey.setUpLink ?? "");
  const wrong = { ...ANN, email: "ann at example", password: "short" };
  const answer = await answerTo(page, () => createAccount(page, wrong));
  expect(answer.status()).toBe(422);

  await expect(page.getByLabel("Name")).toHaveValue(ANN.name);
  await expect(page.getByLabel("Name")).not.toHaveAttribute("aria-invalid");
  const email = page.getByLabel("E-mail");
  await expect(email).toHaveValue(wrong.email);
  await expect(email).toHaveAttribute("aria-invalid", "true");
  await expect(email).toHaveAccessibleDescription(
    /^Enter an e-mail address like name@example\.com/,
  );
  await expect(email).toBeFocused();
  const password = page.getByLabel("Password");
  await expect(password).toHaveValue("");
  await expect(password).toHaveAccessibleDescription("Use at least 12 characters.");
  expect(await page.content()).not.toContain(wrong.password);

  // Each line of the summary leads to its field.
  await page.getByRole("alert").getByRole("link", { name: "Use at least 12 characters." }).click();
  await expect(password).toBeFocused();

  await createAccount(page, ANN);
  await expect(page).toHaveURL(LIST);
});

test("a password that everybody guesses is refused", async ({ page, latchkey, vigil }) => {
  vigil.expectStatus(422);
  await page.goto(latchkey.setUpLink ?? "");
  await createAccount(page, { ...ANN, password: "password1234" });
  await expect(page.getByLabel("Password")).toHaveAccessibleDescription(
    "This password is too easy to guess. Choose another.",
  );
});
