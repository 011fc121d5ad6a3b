import type { Locator, Page } from "@playwright/test";

import { ADMIN_SCOPES, SCOPES } from "../fixtures/catalog.ts";
import { BEN, signIn } from "../fixtures/people.ts";
import { expect, test } from "../fixtures/test.ts";
import { FORM, LIST, panel, row, submit } from "../fixtures/tokens.ts";

function about(page: Page, scope: string): { button: Locator; text: Locator } {
  const cell = page.locator(".scope").filter({
    has: page.getByRole("checkbox", { name: scope, exact: true }),
  });
  return { button: cell.getByRole("button"), text: cell.locator("[role=tooltip]") };
}

test("the whole catalog stands in two columns, in the order of the article", async ({
  page,
  annOpens,
}) => {
  await annOpens(FORM);
  await expect(page.getByRole("group", { name: "Scopes" }).locator(".scope label")).toHaveText([
    ...SCOPES,
    ...ADMIN_SCOPES,
  ]);
  const cells = await page.locator(".scope").all();
  const boxes = await Promise.all(cells.map((cell) => cell.boundingBox()));
  expect(new Set(boxes.map((box) => box?.x)).size).toBe(2);
  boxes.forEach((box, index) => {
    // Read row by row, as in the picture.
    const left = boxes[index - (index % 2)];
    expect(box?.y).toBe(left?.y);
  });
});

test("a rep is not offered what only an admin may grant", async ({ page, latchkey, open }) => {
  await latchkey.addRep(BEN);
  await signIn(page, BEN);
  await open(FORM);
  await expect(page.locator(".scope label")).toHaveText([...SCOPES]);
});

test("every (i) explains its scope in a sentence", async ({ page, annOpens }) => {
  await annOpens(FORM);
  for (const scope of [...SCOPES, ...ADMIN_SCOPES]) {
    const button = page.getByRole("button", { name: `About ${scope}`, exact: true });
    await expect(button).toHaveAccessibleDescription(/^[A-Z].{15,}\.$/);
  }
  await expect(
    page.getByRole("button", { name: "About E-Verify Read", exact: true }),
  ).toHaveAccessibleDescription("See E-Verify cases and their results.");
});

test("an (i) speaks while the mouse is over it", async ({ page, annOpens }) => {
  await annOpens(FORM);
  const { button, text } = about(page, "E-Verify Read");
  await expect(text).toBeHidden();
  await button.hover();
  await expect(text).toBeVisible();
  // The text itself can be reached, to be read and selected.
  await text.hover();
  await expect(text).toBeVisible();
  await page.mouse.move(0, 0);
  await expect(text).toBeHidden();
});

test("an (i) speaks when the keyboard reaches it, until Esc", async ({ page, annOpens, live }) => {
  await annOpens(FORM);
  await page.getByRole("checkbox", { name: "E-Verify Read", exact: true }).focus();
  await page.keyboard.press("Tab");
  const { button, text } = about(page, "E-Verify Read");
  await expect(button).toBeFocused();
  await expect(text).toBeVisible();
  if (live) {
    await page.keyboard.press("Escape");
    await expect(text).toBeHidden();
    await expect(button).toBeFocused();
  }
  await page.keyboard.press("Tab");
  await expect(text).toBeHidden();
});

test.describe("with a finger", () => {
  test.use({ hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } });

  test("an (i) speaks when it is touched, and ticks nothing", async ({ page, annOpens }) => {
    await annOpens(FORM);
    const { button, text } = about(page, "E-Verify Read");
    await button.tap();
    await expect(text).toBeVisible();
    await expect(
      page.getByRole("checkbox", { name: "E-Verify Read", exact: true }),
    ).not.toBeChecked();
    await about(page, "Hotlist Read").button.tap();
    await expect(text).toBeHidden();
  });
});

test("the filter finds scopes by name and by what they do @live", async ({ page, annOpens }) => {
  await annOpens(FORM);
  const filter = page.getByRole("searchbox", { name: "Filter scopes" });
  const shown = page.locator(".scope:visible label");
  const count = page.getByRole("status").filter({ hasText: "selected" });
  await expect(count).toHaveText("0 of 40 selected");

  await filter.fill("  e-VERIFY ");
  await expect(shown).toHaveText(["E-Verify Read", "E-Verify Write"]);
  await page.getByRole("checkbox", { name: "E-Verify Read", exact: true }).check();
  await expect(count).toHaveText("1 of 40 selected");

  await filter.fill("no such thing");
  await expect(shown).toHaveCount(0);
  await expect(page.getByText("No scope matches the filter.")).toBeVisible();

  await filter.fill("");
  await expect(shown).toHaveCount(40);
  await expect(page.getByText("No scope matches the filter.")).toBeHidden();
});

test("what is ticked is sent though the filter hides it @live", async ({ page, annOpens }) => {
  await annOpens(FORM);
  await page.getByLabel("Description").fill("Hidden ticks");
  await page.getByRole("checkbox", { name: "Contact Read", exact: true }).check();
  await page.getByRole("searchbox", { name: "Filter scopes" }).fill("hotlist");
  await page.getByRole("checkbox", { name: "Hotlist Read", exact: true }).check();
  await submit(page);
  await expect(panel(page)).toBeVisible();
  await expect(row(page, "Hidden ticks")).toContainText("Contact Read, Hotlist Read");
});

test("Enter in the filter does not send the form @live", async ({ page, annOpens, latchkey }) => {
  await annOpens(FORM);
  await page.getByLabel("Description").fill("Too early");
  await page.getByRole("checkbox", { name: "Contact Read", exact: true }).check();
  await page.getByRole("searchbox", { name: "Filter scopes" }).fill("hot");
  const posts: string[] = [];
  page.on("request", (request) => {
    if (request.method() === "POST") {
      posts.push(request.url());
    }
  });
  await page.keyboard.press("Enter");
  // A key pressed later is dealt with later.
  await page.keyboard.type("list");
  await expect(page.locator(".scope:visible label")).toHaveText(["Hotlist Read", "Hotlist Write"]);
  expect(posts).toEqual([]);
  expect(await latchkey.tokens()).toEqual([]);
});

test("All Scopes says how many that is today, and that it will not grow", async ({
  page,
  annOpens,
  live,
}) => {
  await annOpens(FORM);
  const sentence = page.getByText("All Scopes are the 38 that the catalog has today.");
  await expect(sentence).toBeHidden();
  await page.getByRole("radio", { name: "All Scopes" }).check();
  await expect(sentence).toBeVisible();
  await expect(sentence).toContainText("will not grow");
  await expect(page.getByRole("checkbox", { name: "E-Verify Read", exact: true })).toBeHidden();

  await page.getByLabel("Description").fill("Everything");
  await submit(page);
  await expect(panel(page)).toBeVisible();
  await expect(row(page, "Everything")).toContainText("All Scopes (38)");
  expect(page.url().endsWith(live ? LIST : FORM)).toBe(true);
});
