import { statusLine } from "../fixtures/frame.ts";
import { keepAsleep } from "../fixtures/sleep.ts";
import { expect, test } from "../fixtures/test.ts";
import {
  E_VERIFY,
  FORM,
  LIST,
  fillInToken,
  panel,
  readPanel,
  row,
  submit,
} from "../fixtures/tokens.ts";
import { runCurl } from "../fixtures/vendor.ts";

test.describe("before the page is alive @live", () => {
  test("the main job can be done", async ({ page, ann: _ann, latchkey }) => {
    await keepAsleep(page);
    await page.goto(LIST);
    await page.getByRole("link", { name: "Add", exact: true }).click();
    await fillInToken(page, E_VERIFY);
    await submit(page);
    await expect(page.locator("body")).not.toHaveAttribute("data-hydrated");
    const secret = await readPanel(page);
    expect((await runCurl(secret.curl)).status).toBe(200);
    expect(await latchkey.tokens()).toHaveLength(1);

    await page.goto(LIST);
    await page.getByRole("button", { name: "Revoke Example E-Verify" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
    await expect(statusLine(page, "The token is revoked.")).toBeVisible();
    expect((await runCurl(secret.curl)).status).toBe(401);
  });

  test("what is typed and ticked early is kept, counted and sent", async ({ page, ann: _ann }) => {
    const wake = await keepAsleep(page);
    await page.goto(FORM);
    await fillInToken(page, E_VERIFY);
    await page.getByRole("searchbox", { name: "Filter scopes" }).fill("e-verify");
    await wake();
    await expect(page.getByLabel("Description")).toHaveValue(E_VERIFY.description);
    await expect(page.getByLabel("Expiration")).toHaveValue("180d");
    await expect(page.getByRole("status").filter({ hasText: "selected" })).toHaveText(
      "2 of 40 selected",
    );
    await submit(page);
    await expect(panel(page)).toBeVisible();
    await expect(row(page, E_VERIFY.description)).toContainText("E-Verify Read, E-Verify Write");
    await expect(row(page, E_VERIFY.description)).toContainText("6 months");
  });

  test("All Scopes chosen early is what is sent", async ({ page, ann: _ann }) => {
    const wake = await keepAsleep(page);
    await page.goto(FORM);
    await page.getByLabel("Description").fill("Everything");
    await page.getByRole("radio", { name: "All Scopes" }).check();
    await wake();
    await expect(page.getByRole("radio", { name: "All Scopes" })).toBeChecked();
    await submit(page);
    await expect(row(page, "Everything")).toContainText("All Scopes (38)");
  });

  test("the menu of the person opens and signs out", async ({ page, ann }) => {
    await keepAsleep(page);
    await page.goto("/settings/diagnostics");
    await page.locator("summary", { hasText: ann.name }).click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await expect(page).toHaveURL("/sign-in");
  });
});
