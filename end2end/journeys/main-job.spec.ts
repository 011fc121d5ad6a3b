import { SCOPES } from "../fixtures/catalog.ts";
import { goTo, signOut, statusLine } from "../fixtures/frame.ts";
import { ANN, fillInSignIn } from "../fixtures/people.ts";
import { expect, test } from "../fixtures/test.ts";
import { E_VERIFY, LIST, addToken, panel, row } from "../fixtures/tokens.ts";
import { Vendor, runCurl } from "../fixtures/vendor.ts";

test("an admin makes a token, hands it to a vendor, sees it used, and revokes it", async ({
  page,
  latchkey,
  live,
  awake,
}) => {
  const { setUpLink, url } = latchkey;

  await test.step("the set-up link makes the admin, who lands on an empty list", async () => {
    await page.goto(setUpLink ?? "");
    await page.getByLabel("Name").fill(ANN.name);
    await page.getByLabel("E-mail").fill(ANN.email);
    await page.getByLabel("Password").fill(ANN.password);
    await page.getByRole("button", { name: "Create account" }).click();
    await expect(page).toHaveURL(LIST);
    await awake();
    await expect(page).toHaveTitle("Personal Access Tokens · Latchkey");
    await expect(page.getByRole("heading", { name: "Personal Access Tokens" })).toBeVisible();
    await expect(page.getByRole("heading", { name: "No access tokens" })).toBeVisible();
    await expect(page.getByRole("navigation", { name: "Breadcrumbs" })).toHaveText(
      "SettingsUser SettingsPersonal Access Tokens",
    );
  });

  await test.step("Add leads to the form", async () => {
    await page.getByRole("link", { name: "Add", exact: true }).click();
    await expect(page).toHaveURL(`${LIST}/new`);
    await awake();
    await expect(page.getByLabel("Expiration").getByRole("option")).toHaveText([
      "90 Days",
      "180 Days",
      "1 Year",
    ]);
    await expect(page.getByRole("radio", { name: "Selected Scopes" })).toBeChecked();
    for (const scope of SCOPES) {
      await expect(page.getByRole("checkbox", { name: scope, exact: true })).not.toBeChecked();
    }
  });

  const secret =
    await test.step("Submit shows Account SID and Auth Token above the list", async () => {
      const secret = await addToken(page, E_VERIFY);
      await expect(panel(page)).toContainText(`${E_VERIFY.description} is ready.`);
      const panelBox = await panel(page).boundingBox();
      const tableBox = await page.getByRole("table").boundingBox();
      expect(panelBox?.y).toBeLessThan(tableBox?.y ?? 0);
      await expect(panel(page).getByRole("button", { name: /^Copy / })).toHaveCount(live ? 3 : 0);
      return secret;
    });

  const vendor = new Vendor(url, secret);

  await test.step("the row describes the token", async () => {
    const token = row(page, E_VERIFY.description);
    await expect(token.getByRole("cell").nth(0)).toHaveText(
      "Example E-VerifyE-Verify Read, E-Verify Write · never used",
    );
    await expect(token.locator("time")).toHaveText("6 months");
    await expect(token.getByRole("cell").nth(2)).toHaveText("Active");
    await expect(token.getByRole("button")).toHaveAccessibleName("Revoke Example E-Verify");
    await expect(page.getByRole("columnheader")).toHaveText([
      "Description",
      "Expiration",
      "Status",
      "Actions",
    ]);
  });

  await test.step("the curl line describes the token", async () => {
    const answer = await runCurl(secret.curl);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({
      account_sid: secret.sid,
      description: "Example E-Verify",
      service_rep: { name: ANN.name, email: ANN.email },
      scopes: ["e-verify-read", "e-verify-write"],
      all_scopes: false,
      status: "active",
    });
  });

  await test.step("the vendor writes and reads what the token opens, and nothing else", async () => {
    const made = await vendor.call("POST", "/api/v1/e-verify", { case: "A-17" });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ data: { case: "A-17" } });
    const read = await vendor.call("GET", made.headers.get("location") ?? "");
    expect(read.status).toBe(200);
    expect(read.body).toEqual(made.body);
    const refused = await vendor.call("GET", "/api/v1/employees");
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({ required_scopes: ["employee-read"] });
    expect(refused.headers.get("www-authenticate")).toContain("employee-read");
  });

  await test.step("the list shows when the token was last used", async () => {
    await page.goto(LIST);
    await awake();
    await expect(row(page, E_VERIFY.description)).toContainText("used just now");
    await expect(panel(page)).toHaveCount(0);
    expect(await page.content()).not.toContain(secret.authToken);
  });

  await test.step("✕ asks, and the row goes", async () => {
    await page.getByRole("button", { name: "Revoke Example E-Verify" }).click();
    const question = page.getByRole("dialog", { name: "Revoke Example E-Verify?" });
    await expect(question).toContainText("It was last used just now.");
    await question.getByRole("button", { name: "Revoke" }).click();
    await expect(statusLine(page, "revoked. Calls with it are refused from now on.")).toBeVisible();
    await expect(page.getByRole("heading", { name: "No access tokens" })).toBeVisible();
  });

  await test.step("the same curl line is refused at once", async () => {
    expect((await runCurl(secret.curl)).status).toBe(401);
    expect((await vendor.call("GET", "/api/v1/e-verify")).body).toMatchObject({
      code: "invalid_token",
    });
  });

  await test.step("Show all tokens brings it back as revoked", async () => {
    await page.getByRole("link", { name: "Show all tokens" }).click();
    await expect(page).toHaveURL(`${LIST}?show=all`);
    const token = row(page, E_VERIFY.description);
    await expect(token.getByRole("cell").nth(2)).toHaveText("Revoked");
    await expect(token.getByRole("button")).toHaveCount(0);
    await page.getByRole("link", { name: "Show active tokens" }).click();
    await expect(page.getByRole("heading", { name: "No access tokens" })).toBeVisible();
  });

  await test.step("signing out and in leads back", async () => {
    await signOut(page, ANN.name);
    await fillInSignIn(page, ANN.email, ANN.password);
    await expect(page).toHaveURL(LIST);
    await awake();
    await goTo(page, "Diagnostics");
    await expect(page.getByRole("main")).toContainText(`${ANN.name} (${ANN.email}, admin)`);
  });
});
