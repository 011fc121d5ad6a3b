import { expect, test } from "../fixtures/test.ts";
import { LIST, row } from "../fixtures/tokens.ts";

const AS_READ = {
  year: "numeric",
  month: "long",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
} as const;

test("“6 months” says the exact time, in the reader’s zone, on hover and focus", async ({
  page,
  ann,
  latchkey,
  open,
  live,
}) => {
  const before = Date.now();
  await latchkey.addToken(ann, "Payroll", ["timecard-read"]);
  await open(LIST);
  const cell = row(page, "Payroll").getByRole("cell").nth(1);
  const words = cell.locator("time");
  const exact = cell.locator("[role=tooltip]");
  await expect(words).toHaveText("6 months");
  await expect(exact).toBeHidden();

  const expires = new Date((await words.getAttribute("datetime")) ?? "");
  const days = (expires.getTime() - before) / 86_400_000;
  expect(days).toBeGreaterThan(179.999);
  expect(days).toBeLessThan(180.01);

  const sentence = live
    ? expires.toLocaleString("en-US", {
        ...AS_READ,
        timeZone: "America/New_York",
        timeZoneName: "short",
      })
    : `${expires.toLocaleString("en-GB", { ...AS_READ, timeZone: "UTC" }).replace(" at", ",")} UTC`;
  await words.hover();
  await expect(exact).toBeVisible();
  await expect(exact).toHaveText(sentence);
  await page.mouse.move(0, 0);
  await expect(exact).toBeHidden();

  await words.focus();
  await expect(exact).toBeVisible();
  await expect(words).toHaveAccessibleDescription(sentence);
});

test("the form says until when each expiration lasts @live", async ({ page, annOpens }) => {
  await annOpens(`${LIST}/new`);
  const field = page.getByLabel("Expiration");
  const seen = new Set<string>();
  for (const [choice, days] of [
    ["90 Days", 90],
    ["180 Days", 180],
    ["1 Year", 365],
  ] as const) {
    await field.selectOption(choice);
    const until = new Date(Date.now() + days * 86_400_000);
    const date = until.toLocaleDateString("en-US", {
      year: "numeric",
      month: "long",
      day: "numeric",
      timeZone: "America/New_York",
    });
    await expect(field).toHaveAccessibleDescription(`Until ${date}.`);
    seen.add(date);
  }
  expect(seen.size).toBe(3);
});
