import { signOut } from "../fixtures/frame.ts";
import { ANN, BEN, fillInSignIn, signIn } from "../fixtures/people.ts";
import { answerTo } from "../fixtures/posting.ts";
import { expect, test } from "../fixtures/test.ts";
import { LIST } from "../fixtures/tokens.ts";

const PERSONAL_PAGES = [
  "/settings/personal-access-tokens?show=all",
  "/settings/personal-access-tokens/new",
  "/settings/general",
  "/settings/diagnostics",
];

test("a wrong password and an unknown address get the same words", async ({
  page,
  latchkey,
  vigil,
}) => {
  vigil.expectStatus(422);
  await latchkey.addRep(ANN);
  await page.goto("/sign-in");
  const words: string[] = [];
  for (const email of [ANN.email, "nobody@example.com"]) {
    const answer = await answerTo(page, () => fillInSignIn(page, email, "not the password at all"));
    expect(answer.status()).toBe(422);
    words.push(await page.getByRole("alert").innerText());
    await expect(page.getByLabel("E-mail")).toHaveValue(email);
    await expect(page.getByLabel("Password")).toHaveValue("");
  }
  expect(words).toEqual(["E-mail or password is wrong.", "E-mail or password is wrong."]);
});

test("an empty form says what is missing", async ({ page, vigil }) => {
  vigil.expectStatus(422);
  await page.goto("/sign-in");
  const answer = await answerTo(page, () => page.getByRole("button", { name: "Sign in" }).click());
  expect(answer.status()).toBe(422);
  await expect(page.getByLabel("E-mail")).toHaveAccessibleDescription("Enter an e-mail address.");
  await expect(page.getByLabel("Password")).toHaveAccessibleDescription("Enter a password.");
});

test("whoever opens a page signs in first, and gets there", async ({ page, latchkey }) => {
  await latchkey.addRep(ANN);
  for (const path of PERSONAL_PAGES) {
    await page.goto(path);
    await expect(page).toHaveURL(
      `/sign-in?next=${encodeURIComponent(path).replaceAll("%2F", "/")}`,
    );
    await fillInSignIn(page, ANN.email, ANN.password);
    await expect(page).toHaveURL(path);
    await page.context().clearCookies();
  }
});

test("the way on is kept while a mistyped password is corrected", async ({
  page,
  latchkey,
  vigil,
}) => {
  vigil.expectStatus(422);
  await latchkey.addRep(ANN);
  await page.goto("/settings/diagnostics");
  await fillInSignIn(page, ANN.email, "not the password at all");
  await expect(page.getByRole("alert")).toContainText("E-mail or password is wrong.");
  await fillInSignIn(page, ANN.email, ANN.password);
  await expect(page).toHaveURL("/settings/diagnostics");
});

test("signing in never leads off the site", async ({ page, latchkey }) => {
  await latchkey.addRep(ANN);
  for (const elsewhere of [
    "https://elsewhere.example/",
    "//elsewhere.example/",
    "/\\elsewhere.example/",
    "/\t/elsewhere.example/",
    "javascript:alert(1)",
  ]) {
    await page.goto(`/sign-in?next=${encodeURIComponent(elsewhere)}`);
    await fillInSignIn(page, ANN.email, ANN.password);
    await expect(page).toHaveURL(LIST);
    await page.context().clearCookies();
  }
});

test("after ten failures the right password has to wait too", async ({ page, latchkey, vigil }) => {
  vigil.expectStatus(422, 429);
  await latchkey.addRep(ANN);
  await latchkey.addRep(BEN);
  await page.goto("/sign-in");
  for (let failure = 1; failure <= 10; failure += 1) {
    const answer = await answerTo(page, () => fillInSignIn(page, ANN.email, `wrong ${failure}`));
    expect(answer.status()).toBe(422);
  }
  const answer = await answerTo(page, () => fillInSignIn(page, ANN.email, ANN.password));
  expect(answer.status()).toBe(429);
  expect(Number(answer.headers()["retry-after"])).toBeGreaterThan(0);
  await expect(page.getByRole("alert")).toHaveText(
    "Too many failed attempts. Try again in 15 minutes.",
  );
  // Others at the same address are not shut out.
  await fillInSignIn(page, BEN.email, BEN.password);
  await expect(page).toHaveURL(LIST);
});

test("whoever is signed in needs no front door", async ({ page, ann }) => {
  await page.goto("/sign-in");
  await expect(page).toHaveURL(LIST);
  await page.goto("/");
  await expect(page).toHaveURL(LIST);
  await expect(page.locator("summary", { hasText: ann.name })).toBeVisible();
});

test("signing out ends the session, and Back shows nothing", async ({ page, ann, open }) => {
  const cookies = await page.context().cookies();
  await open("/settings/general");
  await signOut(page, ann.name);
  await page.goBack();
  await expect(page).toHaveURL("/sign-in?next=/settings/general");
  await expect(page.getByText(ann.email)).toHaveCount(0);

  // Nor does the cookie help somebody who kept it.
  await page.context().addCookies(cookies);
  await page.goto("/settings/general");
  await expect(page).toHaveURL("/sign-in?next=/settings/general");
});

test("a page left open when the session ends leads to the sign-in @live", async ({
  page,
  ann,
  open,
  vigil,
}) => {
  vigil.expectStatus(401);
  await open("/settings/general");
  await page.context().clearCookies();
  await page.getByRole("link", { name: "Diagnostics" }).click();
  await expect(page).toHaveURL("/sign-in?next=/settings/diagnostics");
  await fillInSignIn(page, ann.email, ann.password);
  await expect(page).toHaveURL("/settings/diagnostics");
});

test("the session is out of reach of scripts and of other sites", async ({ page, annOpens }) => {
  await annOpens(LIST);
  const cookies = await page.context().cookies();
  expect(cookies).toHaveLength(1);
  expect(cookies[0]).toMatchObject({ httpOnly: true, sameSite: "Lax", path: "/" });
  expect(await page.evaluate(() => document.cookie)).toBe("");
});

test("another session does not end when this one does", async ({
  page,
  ann,
  open,
  secondBrowser,
}) => {
  await open(LIST);
  const elsewhere = await secondBrowser.newPage();
  await signIn(elsewhere, ann);
  await signOut(page, ann.name);
  await elsewhere.reload();
  await expect(elsewhere).toHaveURL(LIST);
});
