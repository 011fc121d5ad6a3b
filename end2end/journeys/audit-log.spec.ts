import { readFile } from "node:fs/promises";

import type { Page } from "@playwright/test";

import { ANN, BEN, fillInSignIn } from "../fixtures/people.ts";
import { expect, test } from "../fixtures/test.ts";

const LOG = "/administration/audit-log";

/** The rows of the log that hold this text. */
function entries(page: Page, text: string) {
  return page
    .getByRole("row")
    .filter({ has: page.getByRole("cell") })
    .filter({ hasText: text });
}

/** Takes what is filtered away. Its content, as text. */
async function exported(page: Page, format: string): Promise<{ name: string; text: string }> {
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: `Export as ${format}` }).click();
  const file = await download;
  return { name: file.suggestedFilename(), text: await readFile(await file.path(), "utf8") };
}

test("an admin finds out who revoked a token, and hands the proof on", async ({
  page,
  annOpens,
  latchkey,
}) => {
  await latchkey.addRep(BEN);
  const { account_sid } = await latchkey.addToken(BEN, "=Payroll", ["timecard-read"]);
  await latchkey.revoke(account_sid);
  await annOpens("/settings/general");
  await page.goto("/administration/service-reps");
  await page.getByRole("link", { name: "Audit Log" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Audit Log");

  await page.getByLabel("To what").fill(account_sid);
  await page.getByLabel("What", { exact: true }).selectOption("Token revoked");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page).toHaveURL(new RegExp(`subject=${account_sid}`, "u"));
  await expect(page.getByText("1 entry", { exact: true })).toBeVisible();
  const entry = entries(page, "Token revoked");
  await expect(entry).toContainText("Command line");
  await expect(entry).toContainText("=Payroll");
  await expect(page.getByLabel("What", { exact: true })).toHaveValue("token_revoked");

  const csv = await exported(page, "CSV");
  expect(csv.name).toMatch(/^latchkey-audit-log-\d{4}-\d\d-\d\d\.csv$/u);
  expect(csv.text.trim().split("\n")).toHaveLength(2);
  expect(csv.text).toContain(`token,${account_sid},'=Payroll`);
  const lines = await exported(page, "JSON Lines");
  expect(JSON.parse(lines.text)).toMatchObject({
    action: "token_revoked",
    subject: account_sid,
    subject_name: "=Payroll",
  });

  // The exports are entries too, and each name leads to all of its entries.
  await page.getByRole("link", { name: "Clear" }).click();
  await expect(entries(page, "Audit log exported")).toHaveCount(2);
  await entries(page, "Audit log exported").first().getByRole("link", { name: ANN.email }).click();
  await expect(page.getByLabel("Who")).toHaveValue(ANN.email);
  await expect(entries(page, "Token revoked")).toHaveCount(0);
  await expect(entries(page, "Signed in")).toHaveCount(1);
});

test("what makes no sense is left out, and the page says so", async ({ page, annOpens }) => {
  await annOpens(`${LOG}?actor=somebody&from=soon&action=group%3Asigning-in`);
  await expect(page.getByText("Who: write an e-mail address or an Account SID.")).toBeVisible();
  await expect(page.getByText("From: write a day as 2026-11-24, not “soon”.")).toBeVisible();
  await expect(page.getByLabel("Who")).toHaveValue("somebody");
  await expect(entries(page, "Signed in")).toHaveCount(1);
});

test("the chain's end is shown, and names what was sequenced", async ({ page, annOpens }) => {
  await annOpens(LOG);
  await expect(async () => {
    await page.reload();
    await expect(page.getByRole("definition").filter({ hasText: "None" })).toBeVisible({
      timeout: 500,
    });
  }).toPass();
  await expect(page.getByRole("definition").filter({ hasText: /up to entry \d+/u })).toBeVisible();
  await expect(page.getByRole("definition").filter({ hasText: /^[0-9a-f]{64}$/u })).toBeVisible();
  await expect(page.getByRole("cell").filter({ hasText: /Entry 1$/u })).toBeVisible();
});

test("an export whose session had ended comes back as its filter", async ({ page, ann, open }) => {
  await open(`${LOG}?actor=${encodeURIComponent(ann.email)}&action=signed_in`);
  await page.context().clearCookies();
  await page.getByRole("button", { name: "Export as CSV" }).click();
  await fillInSignIn(page, ann.email, ann.password);
  await expect(page.getByText("nothing was exported")).toBeVisible();
  await expect(page.getByLabel("Who")).toHaveValue(ann.email);
  await expect(entries(page, "Audit log exported")).toHaveCount(0);
});

test("the log is filtered and paged by the keyboard alone", async ({ page, annOpens }) => {
  // Some 500 keys are pressed, one after the other.
  test.slow();
  await annOpens("/settings/general");
  // Entries enough for a second page: an account's appearance is changed to and fro.
  const origin = new URL(page.url()).origin;
  for (let change = 0; change < 60; change += 1) {
    const answer = await page.request.post("/settings/general", {
      form: { section: "appearance", appearance: change % 2 === 0 ? "dark" : "light" },
      headers: { origin },
    });
    expect(answer.ok()).toBe(true);
  }
  await page.goto(`${LOG}?action=appearance_changed`);
  await expect(page.getByText("60 entries", { exact: true })).toBeVisible();
  const press = async (name: string) => {
    const link = page.getByRole("link", { name });
    for (let presses = 0; presses < 450; presses += 1) {
      if (await link.evaluate((element) => element === document.activeElement)) {
        break;
      }
      await page.keyboard.press("Tab");
    }
    await expect(link).toBeFocused();
    await page.keyboard.press("Enter");
  };
  await press("Older entries");
  await expect(page).toHaveURL(/after=/u);
  await expect(entries(page, "Appearance changed")).toHaveCount(10);
  await press("Newest entries");
  await expect(entries(page, "Appearance changed")).toHaveCount(50);
});
