import type { Dialog, Page } from "@playwright/test";

import { expect, test } from "../fixtures/test.ts";
import {
  E_VERIFY,
  FORM,
  LIST,
  addToken,
  fillInToken,
  panel,
  readPanel,
  row,
} from "../fixtures/tokens.ts";

/** Answers the questions that come before the page is left, the page's own and the browser's, and notes them. */
function answer(page: Page, yes: boolean): { readonly asked: string[]; stop: () => void } {
  const asked: string[] = [];
  const listener = async (dialog: Dialog) => {
    asked.push(dialog.type());
    await (yes ? dialog.accept() : dialog.dismiss());
  };
  page.on("dialog", listener);
  return { asked, stop: () => page.off("dialog", listener) };
}

/** Asserts that a secret is nowhere on the page, in what is seen and what is not. */
async function expectNowhere(page: Page, secret: string): Promise<void> {
  await expect(panel(page)).toHaveCount(0);
  expect(await page.content()).not.toContain(secret);
}

test.describe("@live", () => {
  test.beforeEach(async ({ annOpens, page }) => {
    await annOpens(LIST);
    await page.getByRole("link", { name: "Add", exact: true }).click();
  });

  test("each copy button copies its value and says so", async ({ page, context }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const secret = await addToken(page, E_VERIFY);
    for (const [label, value] of [
      ["Account SID", secret.sid],
      ["Auth Token", secret.authToken],
      ["Try it", secret.curl],
    ] as const) {
      const button = panel(page).getByRole("button", { name: label });
      await expect(button).toHaveText("Copy");
      await button.click();
      await expect(button).toHaveText("Copied");
      await expect(button).toHaveAccessibleName(`Copied ${label}`);
      await expect(page.getByRole("status").filter({ hasText: `${label} copied` })).toHaveCount(1);
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(value);
      await expect(button).toHaveText("Copy");
    }
  });

  for (const [kind, breakClipboard] of [
    ["is no clipboard", () => Object.defineProperty(navigator, "clipboard", { value: undefined })],
    [
      "is a clipboard that refuses",
      () =>
        Object.defineProperty(navigator, "clipboard", {
          value: { writeText: () => Promise.reject(new Error("no")) },
        }),
    ],
  ] as const) {
    test(`where there ${kind}, the value is selected and the button says so`, async ({ page }) => {
      await page.evaluate(breakClipboard);
      const secret = await addToken(page, E_VERIFY);
      const button = panel(page).getByRole("button", { name: "Auth Token" });
      await button.click();
      await expect(button).toHaveText("Selected: press Ctrl+C");
      expect(await page.evaluate(() => getSelection()?.toString())).toBe(secret.authToken);
      await expect(page.getByRole("status").filter({ hasText: "Auth Token selected" })).toHaveCount(
        1,
      );
    });
  }

  test("a double click on a value selects it whole", async ({ page }) => {
    const secret = await addToken(page, E_VERIFY);
    await panel(page).getByText(secret.authToken, { exact: true }).dblclick();
    expect(await page.evaluate(() => getSelection()?.toString().trim())).toBe(secret.authToken);
  });

  test("“I have stored it” takes the secret away without a question", async ({ page }) => {
    const { asked } = answer(page, true);
    const secret = await addToken(page, E_VERIFY);
    await page.getByRole("button", { name: "I have stored it" }).click();
    await expectNowhere(page, secret.authToken);
    await expect(row(page, E_VERIFY.description)).toBeVisible();
    expect(asked).toEqual([]);
  });

  test("a link that leaves asks once, and can be taken back", async ({ page }) => {
    const secret = await addToken(page, E_VERIFY);
    const staying = answer(page, false);
    await page.getByRole("link", { name: "Diagnostics" }).click();
    await expect.poll(() => staying.asked).toHaveLength(1);
    await expect(page).toHaveURL(LIST);
    expect(await readPanel(page)).toEqual(secret);
    staying.stop();

    const leaving = answer(page, true);
    await page.getByRole("link", { name: "Diagnostics" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Diagnostics");
    expect(leaving.asked).toHaveLength(1);
    await expectNowhere(page, secret.authToken);
  });

  test("after the Auth Token was copied, leaving asks nothing", async ({ page, context }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const { asked } = answer(page, true);
    const secret = await addToken(page, E_VERIFY);
    await panel(page).getByRole("button", { name: "Auth Token" }).click();
    await expect(panel(page).getByRole("button", { name: "Auth Token" })).toHaveText("Copied");
    await page.getByRole("link", { name: "Diagnostics" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Diagnostics");
    expect(asked).toEqual([]);
    await page.goBack();
    await expect(row(page, E_VERIFY.description)).toBeVisible();
    await expectNowhere(page, secret.authToken);
  });

  test("having copied only the Account SID, leaving still asks", async ({ page, context }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await addToken(page, E_VERIFY);
    const sid = panel(page).getByRole("button", { name: "Account SID" });
    await sid.click();
    await expect(sid).toHaveText("Copied");
    const { asked } = answer(page, false);
    await page.getByRole("link", { name: "Diagnostics" }).click();
    await expect.poll(() => asked).toHaveLength(1);
    await expect(panel(page)).toBeVisible();
  });

  test("Back asks once; staying keeps the panel", async ({ page }) => {
    const secret = await addToken(page, E_VERIFY);
    const { asked } = answer(page, false);
    await page.evaluate(() => history.back());
    await expect.poll(() => asked).toHaveLength(1);
    await expect(page).toHaveURL(LIST);
    expect(await readPanel(page)).toEqual(secret);
  });

  test("Back, once allowed, takes the secret away, and Forward does not bring it back", async ({
    page,
    latchkey,
  }) => {
    const secret = await addToken(page, E_VERIFY);
    const { asked } = answer(page, true);
    await page.goBack();
    await expectNowhere(page, secret.authToken);
    await page.goForward();
    await expectNowhere(page, secret.authToken);
    await expect(row(page, E_VERIFY.description)).toHaveCount(1);
    expect(asked).toHaveLength(1);
    expect(await latchkey.tokens()).toHaveLength(1);
  });

  test("reloading asks once; staying keeps the panel, leaving loses it", async ({
    page,
    awake,
    latchkey,
  }) => {
    const secret = await addToken(page, E_VERIFY);
    const staying = answer(page, false);
    await page.evaluate(() => location.reload());
    await expect.poll(() => staying.asked).toHaveLength(1);
    expect(await readPanel(page)).toEqual(secret);
    staying.stop();

    const leaving = answer(page, true);
    await page.reload();
    await awake();
    expect(leaving.asked).toHaveLength(1);
    await expect(row(page, E_VERIFY.description)).toBeVisible();
    await expectNowhere(page, secret.authToken);
    expect(await latchkey.tokens()).toHaveLength(1);
  });

  test("closing the window asks", async ({ page }) => {
    await addToken(page, E_VERIFY);
    const { asked } = answer(page, false);
    await page.close({ runBeforeUnload: true });
    await expect.poll(() => asked).toHaveLength(1);
    await expect(panel(page)).toBeVisible();
  });

  test("a second token takes the panel’s place", async ({ page }) => {
    const first = await addToken(page, E_VERIFY);
    const { asked } = answer(page, true);
    await page.getByRole("link", { name: "Add", exact: true }).click();
    const second = await addToken(page, { description: "Another", scopes: ["Contact Read"] });
    expect(asked).toHaveLength(1);
    expect(second.sid).not.toBe(first.sid);
    expect(await page.content()).not.toContain(first.authToken);
    await expect(page.getByRole("button", { name: /^Revoke / })).toHaveCount(2);
  });
});

test("opening the list or the form again shows no secret and makes no token", async ({
  page,
  annOpens,
  latchkey,
}) => {
  page.on("dialog", (dialog) => dialog.accept());
  await annOpens(FORM);
  const secret = await addToken(page, E_VERIFY);
  for (const path of [LIST, FORM, `${LIST}?show=all`]) {
    await annOpens(path);
    await expectNowhere(page, secret.authToken);
  }
  await page.goBack();
  await page.goBack();
  await expectNowhere(page, secret.authToken);
  expect(await latchkey.tokens()).toHaveLength(1);
});

test("a double click on Submit makes one token", async ({ page, annOpens, latchkey }) => {
  await annOpens(FORM);
  await fillInToken(page, E_VERIFY);
  await page.getByRole("button", { name: "Submit" }).dblclick();
  await expect(row(page, E_VERIFY.description)).toBeVisible();
  expect(await latchkey.tokens()).toHaveLength(1);
});

test("the panel of a double click on Submit is not lost @live", async ({ page, annOpens }) => {
  await annOpens(FORM);
  await fillInToken(page, E_VERIFY);
  await page.getByRole("button", { name: "Submit" }).dblclick();
  await readPanel(page);
});

test("reloading the answer makes nothing, and says that the token was made @plain", async ({
  page,
  annOpens,
  latchkey,
}) => {
  await annOpens(FORM);
  const secret = await addToken(page, E_VERIFY);
  await page.reload();
  await expect(page).toHaveURL(`${LIST}?notice=already-created`);
  await expect(page.getByRole("status")).toContainText("has already been created");
  await expectNowhere(page, secret.authToken);
  expect(await latchkey.tokens()).toHaveLength(1);
});

test("Back to the form and sending it again makes no second token @plain", async ({
  page,
  annOpens,
  latchkey,
  vigil,
}) => {
  vigil.expectStatus(422);
  await annOpens(FORM);
  const secret = await addToken(page, E_VERIFY);
  await page.goBack();
  await expectNowhere(page, secret.authToken);
  await fillInToken(page, E_VERIFY);
  await page.getByRole("button", { name: "Submit" }).click();
  await expect(page.getByLabel("Description")).toHaveAttribute("aria-invalid", "true");
  await expectNowhere(page, secret.authToken);
  expect(await latchkey.tokens()).toHaveLength(1);
});

test("Forward to the answer shows nothing @plain", async ({ page, annOpens, vigil, latchkey }) => {
  // The browser offers to send the form again instead.
  vigil.expect(/ERR_CACHE_MISS/);
  await annOpens(FORM);
  await addToken(page, E_VERIFY);
  await page.goBack();
  await expect(page.goForward()).rejects.toThrow("ERR_CACHE_MISS");
  expect(await latchkey.tokens()).toHaveLength(1);
});
