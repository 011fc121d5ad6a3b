import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import type { Page } from "@playwright/test";

import { ACCOUNTS, fillInAdditional, generateToken, startAssess } from "../fixtures/accounts.ts";
import { BEN } from "../fixtures/people.ts";
import { expect, test } from "../fixtures/test.ts";
import { E_VERIFY, FORM, LIST, fillInToken } from "../fixtures/tokens.ts";

const FOLDER = fileURLToPath(new URL("../../docs/images/", import.meta.url));

/** Pictures for the README. They are written where LATCHKEY_PICTURES=1 asks for it, and only tried otherwise. */
async function picture(page: Page, name: string): Promise<void> {
  const isWanted = process.env.LATCHKEY_PICTURES === "1";
  if (isWanted) {
    await mkdir(FOLDER, { recursive: true });
  }
  const image = await page.screenshot({
    animations: "disabled",
    caret: "hide",
    ...(isWanted ? { path: `${FOLDER}${name}.png` } : {}),
  });
  expect(image.length).toBeGreaterThan(10_000);
}

test.describe("pictures @live", () => {
  test.use({ viewport: { width: 1280, height: 720 }, colorScheme: "light" });

  test("the list of tokens", async ({ page, ann, latchkey, open }) => {
    await latchkey.addToken(ann, "Northwind Job Board", ["job-board-read", "order-read"], "1y");
    await latchkey.addToken(ann, "Payroll export", ["timecard-read", "assignment-read"], "90d");
    await latchkey.addToken(ann, "Screening Partners", ["background-check-write"], "180d");
    await latchkey.addToken(ann, "Example E-Verify", ["e-verify-read", "e-verify-write"], "180d");
    await open(LIST);
    await expect(page.getByRole("row")).toHaveCount(5);
    await picture(page, "tokens");
  });

  test("the form for a new token", async ({ page, annOpens }) => {
    await annOpens(FORM);
    await fillInToken(page, E_VERIFY);
    // The date changes every day; the picture is not to.
    const until = page.getByText(/^Until /);
    await until.evaluate((element) => (element.textContent = "Until 22 May 2027."));
    await page.getByRole("checkbox", { name: "E-Verify Write", exact: true }).blur();
    await page.evaluate(() => scrollTo(0, 0));
    await page.mouse.move(0, 0);
    await page.setViewportSize({ width: 1280, height: 1080 });
    await picture(page, "new-token");
  });

  test("the audit log", async ({ page, annOpens, latchkey, awake }) => {
    await latchkey.addRep(BEN);
    const { account_sid } = await latchkey.addToken(BEN, "Payroll export", ["timecard-read"]);
    await latchkey.revoke(account_sid);
    await annOpens("/administration/audit-log");
    await expect(async () => {
      await page.reload();
      await expect(page.getByText("Not sequenced yet")).toHaveCount(0, { timeout: 500 });
    }).toPass();
    await awake();
    await page.mouse.move(0, 0);
    await picture(page, "audit-log");
  });

  test("everybody's tokens, and revoking several of them", async ({ page, annOpens, latchkey }) => {
    await latchkey.addRep(BEN);
    await latchkey.addToken(BEN, "Payroll export", ["timecard-read", "assignment-read"], "90d");
    await latchkey.addToken(BEN, "Screening Partners", ["background-check-write"]);
    const { account_sid } = await latchkey.addToken(BEN, "Old job board", ["job-board-read"]);
    await latchkey.revoke(account_sid);
    await annOpens("/administration/personal-access-tokens");
    await expect(page.getByRole("row")).toHaveCount(4);
    await page.mouse.move(0, 0);
    await picture(page, "all-tokens");
    await page.getByRole("button", { name: "Revoke all 3 that match…" }).click();
    await expect(page.getByRole("heading", { name: "2 tokens would be revoked" })).toBeVisible();
    // Of the one that has ended nothing is left to lose.
    await expect(page.getByText(`${BEN.name}: 2 tokens`)).toBeVisible();
    await page.mouse.move(0, 0);
    await picture(page, "revoking-several");
  });

  test("the set-up of Assess on Cloud", async ({ page, ann, annOpens }) => {
    await annOpens(ACCOUNTS);
    await startAssess(page, "Acme Staffing");
    await fillInAdditional(page);
    await generateToken(page, ann.email);
    await page.getByRole("link", { name: "Go on with the set-up" }).click();
    // The SID is another each time; the picture is not to.
    const token = page.getByRole("textbox", { name: "Tempworks Token" });
    await token.fill("LK0193584c7be07d2c9f0e6a51b2c4d8e7 · Assess on Cloud for Acme Staffing");
    await token.blur();
    await page.mouse.move(0, 0);
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.evaluate(() => scrollTo(0, 0));
    await picture(page, "assess-on-cloud");
  });

  test("service reps", async ({ page, annOpens, latchkey }) => {
    await latchkey.addRep(BEN);
    await latchkey.addToken(BEN, "Payroll export", ["timecard-read"]);
    await annOpens("/administration/service-reps");
    await expect(page.getByRole("link", { name: BEN.name })).toBeVisible();
    await page.mouse.move(0, 0);
    await picture(page, "service-reps");
  });
});
