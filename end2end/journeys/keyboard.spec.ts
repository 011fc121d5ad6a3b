import type { Locator, Page } from "@playwright/test";

import { statusLine } from "../fixtures/frame.ts";
import { ANN } from "../fixtures/people.ts";
import { expect, test } from "../fixtures/test.ts";
import { LIST, panel, readPanel, row } from "../fixtures/tokens.ts";

/** Presses Tab until the focus is there. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await expect(target).toBeVisible();
  for (let presses = 0; presses < 150; presses += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) {
      return;
    }
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab does not lead to ${target}`);
}

test("the main job is done without a mouse", async ({ page, latchkey, awake, live }) => {
  const { keyboard } = page;
  page.on("dialog", (dialog) => dialog.accept());
  await page.goto(latchkey.setUpLink ?? "");
  await tabTo(page, page.getByLabel("Name"));
  await keyboard.type(ANN.name);
  await keyboard.press("Tab");
  await keyboard.type(ANN.email);
  await keyboard.press("Tab");
  await keyboard.type(ANN.password);
  await keyboard.press("Enter");
  await expect(page).toHaveURL(LIST);
  await awake();

  await test.step("the first Tab offers to skip to the content", async () => {
    await keyboard.press("Tab");
    const skip = page.getByRole("link", { name: "Skip to content" });
    await expect(skip).toBeFocused();
    await expect(skip).toBeInViewport();
    await keyboard.press("Enter");
    await expect(page.getByRole("main")).toBeFocused();
  });

  await tabTo(page, page.getByRole("link", { name: "Add", exact: true }));
  await keyboard.press("Enter");
  await expect(page).toHaveURL(`${LIST}/new`);
  await awake();
  await tabTo(page, page.getByLabel("Description"));
  await keyboard.type("Example E-Verify");
  await keyboard.press("Tab");
  await expect(page.getByLabel("Expiration")).toBeFocused();
  await keyboard.type("180");
  await expect(page.getByLabel("Expiration")).toHaveValue("180d");
  if (live) {
    await tabTo(page, page.getByRole("searchbox", { name: "Filter scopes" }));
    await keyboard.type("e-verify");
  }
  for (const scope of ["E-Verify Read", "E-Verify Write"]) {
    await tabTo(page, page.getByRole("checkbox", { name: scope, exact: true }));
    await keyboard.press("Space");
  }
  await tabTo(page, page.getByRole("button", { name: "Submit" }));
  await keyboard.press("Enter");
  await expect(panel(page)).toBeVisible();
  const secret = await readPanel(page);
  if (live) {
    // Whoever cannot see the panel is led to it.
    await expect(panel(page).locator(":focus")).toHaveCount(1);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await tabTo(page, panel(page).getByRole("button", { name: "Auth Token" }));
    await keyboard.press("Space");
    await expect(panel(page).getByRole("button", { name: "Copied Auth Token" })).toBeFocused();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(secret.authToken);
  }
  const cross = page.getByRole("button", { name: "Revoke Example E-Verify" });
  await tabTo(page, cross);
  await keyboard.press("Enter");
  await tabTo(page, page.getByRole("dialog").getByRole("button", { name: "Revoke" }));
  await keyboard.press("Enter");
  await expect(statusLine(page, "revoked. Calls with it are refused from now on.")).toBeVisible();
  await expect(row(page, "Example E-Verify")).toHaveCount(0);

  const menu = page.locator("summary", { hasText: ANN.name });
  await tabTo(page, menu);
  await keyboard.press("Enter");
  await tabTo(page, page.getByRole("button", { name: "Sign out" }));
  await keyboard.press("Enter");
  await expect(page).toHaveURL("/sign-in");
});
