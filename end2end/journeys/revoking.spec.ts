import { statusLine } from "../fixtures/frame.ts";
import { BEN, signIn } from "../fixtures/people.ts";
import { answerTo } from "../fixtures/posting.ts";
import { expect, test } from "../fixtures/test.ts";
import { LIST, row } from "../fixtures/tokens.ts";
import { Vendor } from "../fixtures/vendor.ts";

test.beforeEach(async ({ ann, latchkey, open }) => {
  await latchkey.addToken(ann, "Job board", ["job-board-read"]);
  await latchkey.addToken(ann, "Payroll", ["timecard-read"]);
  await open(LIST);
});

test("Cancel leaves the token alone", async ({ page, latchkey }) => {
  await page.getByRole("button", { name: "Revoke Payroll" }).click();
  const question = page.getByRole("dialog", { name: "Revoke Payroll?" });
  await expect(question).toHaveAccessibleDescription(
    "It has never been used. Calls with it stop working at once. This cannot be undone.",
  );
  await question.getByRole("link", { name: "Cancel" }).click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page).toHaveURL(LIST);
  await expect(row(page, "Payroll")).toContainText("Active");
  expect(await latchkey.tokens()).toMatchObject([{ status: "active" }, { status: "active" }]);
});

test("the question holds the focus, and Esc gives it back @live", async ({ page }) => {
  const cross = page.getByRole("button", { name: "Revoke Payroll" });
  await cross.focus();
  await page.keyboard.press("Enter");
  const question = page.getByRole("dialog", { name: "Revoke Payroll?" });
  await expect(question).toBeVisible();
  // What takes nothing away is at hand first.
  await expect(question.getByRole("link", { name: "Cancel" })).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(question.getByRole("button", { name: "Revoke" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(cross).toBeFocused();
  await expect(row(page, "Payroll")).toContainText("Active");
});

test("after revoking, the focus is not lost, and only that token is @live", async ({
  page,
  latchkey,
}) => {
  await page.getByRole("button", { name: "Revoke Payroll" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await expect(
    statusLine(page, "Payroll is revoked. Calls with it are refused from now on."),
  ).toBeVisible();
  await expect(row(page, "Payroll")).toHaveCount(0);
  await expect(row(page, "Job board")).toContainText("Active");
  expect(await latchkey.tokens()).toMatchObject([{ status: "revoked" }, { status: "active" }]);
  await expect(page.locator("body")).not.toBeFocused();
});

test("a click beside the question takes it back @plain", async ({ page }) => {
  await page.getByRole("button", { name: "Revoke Payroll" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.mouse.click(20, 700);
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(row(page, "Payroll")).toContainText("Active");
});

test("whoever was told the SID of another’s token can do nothing with it", async ({
  page,
  latchkey,
  secondBrowser,
  vigil,
}) => {
  vigil.expectStatus(404);
  const [payroll] = await latchkey.tokens();
  expect(payroll?.description).toBe("Payroll");
  await latchkey.addRep(BEN);
  await latchkey.addToken(BEN, "Hotlists", ["hotlist-read"]);
  const bens = await secondBrowser.newPage();
  await signIn(bens, BEN);
  await expect(bens.getByRole("row")).toHaveCount(2);
  await expect(row(bens, "Payroll")).toHaveCount(0);

  const sid = payroll?.account_sid ?? "";
  await bens.goto(`${LIST}?revoke=${sid}`);
  await expect(bens.getByRole("dialog")).toHaveCount(0);
  for (const target of [sid, "LK00000000000000000000000000000000", "nonsense"]) {
    await bens.goto(`${LIST}?show=all`);
    const form = bens.locator("form", {
      has: bens.getByRole("button", { name: "Revoke Hotlists" }),
    });
    await form.evaluate((form: HTMLFormElement) => (form.method = "post"));
    await form
      .getByRole("button")
      .evaluate((button, sid) => button.setAttribute("value", sid), target);
    const answer = await answerTo(bens, () =>
      form.evaluate((form: HTMLFormElement) => {
        const sid = document.createElement("input");
        sid.name = "revoke";
        sid.value = form.querySelector("button")?.value ?? "";
        form.append(sid);
        form.submit();
      }),
    );
    expect(answer.status()).toBe(404);
    await expect(bens.getByRole("status").first()).toHaveText(
      "There is nothing here, or it belongs to somebody else.",
    );
  }
  expect(await latchkey.tokens()).toMatchObject([
    { status: "active" },
    { status: "active" },
    { status: "active" },
  ]);
  await expect(row(page, "Payroll")).toContainText("Active");
});

test("a token that was revoked elsewhere meanwhile is said to have ended", async ({
  page,
  ann,
  secondBrowser,
}) => {
  await page.getByRole("button", { name: "Revoke Payroll" }).click();
  const elsewhere = await secondBrowser.newPage();
  await signIn(elsewhere, ann);
  await elsewhere.getByRole("button", { name: "Revoke Payroll" }).click();
  await elsewhere.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await expect(row(elsewhere, "Payroll")).toHaveCount(0);

  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await expect(statusLine(page, "had ended already; nothing has changed.")).toBeVisible();
  await expect(row(page, "Payroll")).toHaveCount(0);
});

test("a token that the command line made and the page revoked is refused at once", async ({
  page,
  ann,
  latchkey,
  open,
}) => {
  const issued = await latchkey.addToken(ann, "Assignments", ["assignment-read"]);
  const vendor = new Vendor(latchkey.url, {
    sid: issued.account_sid,
    authToken: issued.auth_token,
  });
  expect((await vendor.call("GET", "/api/v1/assignments")).status).toBe(200);
  await open(LIST);
  await page.getByRole("button", { name: "Revoke Assignments" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await expect(row(page, "Assignments")).toHaveCount(0);
  expect((await vendor.call("GET", "/api/v1/assignments")).status).toBe(401);
});
