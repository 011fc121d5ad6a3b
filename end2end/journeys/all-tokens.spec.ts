import { readFile } from "node:fs/promises";

import type { Page } from "@playwright/test";

import { ANN, BEN, enter } from "../fixtures/people.ts";
import type { Latchkey } from "../fixtures/server.ts";
import { expect, test } from "../fixtures/test.ts";

const ALL = "/administration/personal-access-tokens";

/** The rows of the list. */
function rows(page: Page) {
  return page.getByRole("row").filter({ has: page.getByRole("cell") });
}

/** Gives Ben so many tokens. */
async function giveBen(latchkey: Latchkey, count: number): Promise<void> {
  await latchkey.addRep(BEN);
  for (let number = 1; number <= count; number += 1) {
    await latchkey.addToken(BEN, `Feed ${number}`, ["timecard-read"]);
  }
}

test("tokens are found by filters that stand in the address", async ({
  page,
  annOpens,
  latchkey,
}) => {
  await giveBen(latchkey, 2);
  await latchkey.addToken(BEN, "=Payroll", ["e-verify-read", "e-verify-write"]);
  await annOpens("/settings/general");
  await page.goto(ALL);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("All Tokens");
  await expect(page.getByText("3 tokens", { exact: true })).toBeVisible();
  await expect(rows(page)).toHaveCount(3);

  await page.getByLabel("Scope", { exact: true }).selectOption("e-verify-read");
  await page.getByLabel("Service Rep").fill(BEN.email);
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page).toHaveURL(/scope=e-verify-read/u);
  await expect(rows(page)).toHaveCount(1);
  await rows(page).getByText("2", { exact: true }).click();
  await expect(rows(page).getByText("E-Verify Write")).toBeVisible();

  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export as CSV" }).click();
  const text = await readFile(await (await download).path(), "utf8");
  expect(text.trim().split("\n")).toHaveLength(2);
  expect(text).toContain(",'=Payroll,");

  await page.goto(`${ALL}?status=lost&q=ab`);
  await expect(page.getByText(/^Left out: the status/u)).toBeVisible();
  await expect(rows(page)).toHaveCount(3);
  await page.getByRole("link", { name: "Expiration" }).click();
  await expect(page.getByRole("columnheader", { name: "Expiration" })).toHaveAttribute(
    "aria-sort",
    "ascending",
  );
});

test("whose a leaked Auth Token is, and then it is revoked", async ({
  page,
  annOpens,
  latchkey,
  secondBrowser,
}) => {
  await latchkey.addRep(BEN);
  const token = await latchkey.addToken(BEN, "Payroll", ["timecard-read"]);
  await annOpens(ALL);
  await page.getByLabel("Auth Token or Account SID").fill(token.auth_token);
  await page.getByRole("button", { name: "Look up" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Payroll");
  await expect(page.getByRole("main").getByText(BEN.email)).toBeVisible();
  expect(page.url()).not.toContain("latchkey_");
  expect(await page.content()).not.toContain(token.auth_token);

  // Another admin has the same page open.
  const other = await secondBrowser.newPage();
  await enter(other, ANN, latchkey.url);
  await other.goto(`${ALL}/${token.account_sid}`);
  await page.getByRole("button", { name: "Revoke" }).click();
  await expect(page.getByText("Revoked. No call with it succeeds any longer.")).toBeVisible();
  await other.getByRole("button", { name: "Revoke" }).click();
  await expect(other.getByText("somebody else was faster")).toBeVisible();
});

test("several are revoked, once their number is typed", async ({
  page,
  annOpens,
  latchkey,
  vigil,
}) => {
  vigil.expectStatus(409, 422);
  await giveBen(latchkey, 21);
  await annOpens(ALL);
  await page.getByRole("button", { name: "Revoke the chosen rows…" }).click();
  await expect(page.getByText("Nothing was chosen")).toBeVisible();
  await page.getByLabel("Choose Feed 1", { exact: true }).check();
  await page.getByRole("button", { name: "Revoke the chosen rows…" }).click();
  await expect(page.getByRole("heading", { name: "1 token would be revoked" })).toBeVisible();
  await page.getByRole("button", { name: "Revoke 1 token" }).click();
  await expect(page.getByText("1 token revoked. None had ended before.")).toBeVisible();

  await page.goto(ALL);
  await page.getByRole("button", { name: "Revoke all 21 that match…" }).click();
  await expect(page.getByRole("heading", { name: "20 tokens would be revoked" })).toBeVisible();
  await expect(page.getByText("1 of them has ended already")).toBeVisible();
  await page.getByRole("button", { name: "Revoke 20 tokens" }).click();
  await expect(page.locator(".field .error")).toHaveText("Type the number as it stands above.");
  await page.getByLabel("How many tokens are in the set?").fill("21");
  await page.getByRole("button", { name: "Revoke 20 tokens" }).click();
  await expect(page.getByText("20 tokens revoked. 1 had ended already")).toBeVisible();
});
