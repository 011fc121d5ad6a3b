import { BEN, enter } from "../fixtures/people.ts";
import { openPolicy, policyForm, review, savePolicy } from "../fixtures/policy.ts";
import { expect, test } from "../fixtures/test.ts";
import { FORM, LIST } from "../fixtures/tokens.ts";

test("an admin keeps tokens in bounds, and a rep is told so where it matters", async ({
  page,
  annOpens,
  latchkey,
  secondBrowser,
  awake,
}) => {
  await latchkey.addRep(BEN);
  const { account_sid } = await latchkey.addToken(BEN, "Payroll", ["employee-read", "order-read"]);
  await annOpens("/administration/audit-log");
  await page
    .getByRole("navigation", { name: "Administration" })
    .getByRole("link", { name: "Policy" })
    .click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Policy");
  await expect(page.getByText("Every live token is as the policy says.")).toBeVisible();

  const form = policyForm(page);
  await form.getByLabel("Longest lifetime").selectOption("180 Days");
  await form.getByLabel("Tokens may be given All Scopes").uncheck();
  await form.getByLabel("Employee Read").check();
  await form.getByLabel("Tokens must carry address rules").check();
  await form.getByLabel("Networks for address rules").fill("203.0.113.0/24\n2001:db8::/32");
  await review(page);
  const preview = page.getByRole("region", { name: "This would change" });
  await expect(preview).toContainText("Longest lifetime: 180 Days (was 1 Year).");
  await expect(preview).toContainText("All Scopes: not allowed (was allowed).");
  await expect(preview).toContainText("1 token loses Employee Read");
  await expect(preview).toContainText("1 token carries address rules otherwise than is allowed");
  await savePolicy(page);
  await expect(page.getByText("The policy is saved.")).toBeVisible();
  await expect(form.getByLabel("Networks for address rules")).toHaveValue(
    "203.0.113.0/24 2001:db8::/32",
  );

  // What it broke is one click away.
  await page.getByRole("link", { name: "1 token carries address rules otherwise" }).click();
  await expect(page.getByRole("cell", { name: account_sid })).toBeVisible();

  const bens = await secondBrowser.newPage();
  await enter(bens, BEN, latchkey.url);
  await bens.goto(FORM);
  await awake(bens);
  await expect(bens.getByText("Your admins allow at most 180 Days.")).toBeVisible();
  await expect(bens.getByText("Your admins do not allow All Scopes.")).toBeVisible();
  await expect(bens.getByText("Only for tokens of admins: Employee Read.")).toBeVisible();
  await expect(bens.getByRole("radio", { name: "All Scopes" })).toHaveCount(0);
  await expect(bens.getByLabel("Expiration").getByRole("option")).toHaveText([
    "90 Days",
    "180 Days",
  ]);
  await bens.getByLabel("Description").fill("A job board");
  await bens.getByRole("checkbox", { name: "Order Read" }).check();
  const addresses = bens.getByLabel("Addresses");
  for (const [typed, problem] of [
    ["", "Enter the networks that the token will be used from."],
    ["203.0.113.7, office", "Entry 2 is no network"],
    ["198.51.100.7", "Name only networks within those that your admins allow."],
  ] as const) {
    await addresses.fill(typed);
    await bens.getByRole("button", { name: "Submit" }).click();
    await expect(bens.getByRole("alert").getByRole("link", { name: problem })).toBeVisible();
    await expect(addresses).toHaveAttribute("aria-invalid", "true");
    await expect(addresses).toHaveValue(typed);
    await expect(bens.getByLabel("Description")).toHaveValue("A job board");
  }
  await addresses.fill("203.0.113.7, 2001:db8:7::/48");
  await bens.getByRole("button", { name: "Submit" }).click();
  await expect(bens.getByRole("heading", { level: 1 })).toHaveText("Personal Access Tokens");

  // Its own page says from where, and what becomes of a call from elsewhere.
  await bens.goto(LIST);
  await awake(bens);
  await bens.getByRole("link", { name: "A job board" }).click();
  await expect(bens.getByText("203.0.113.7/32, 2001:db8:7::/48")).toBeVisible();
  await bens.getByLabel("Path").fill("/api/v1/orders");
  await bens.getByLabel("From address (optional)").fill("198.51.100.7");
  await bens.getByRole("button", { name: "Ask" }).click();
  await expect(bens.getByText("The token may not be used from this address.")).toBeVisible();
  await bens.getByLabel("From address (optional)").fill("203.0.113.7");
  await bens.getByRole("button", { name: "Ask" }).click();
  await expect(bens.getByText("The token has Order Read, which opens this.")).toBeVisible();
});

test("what contradicts itself is said at its field, and nothing typed is lost", async ({
  page,
  annOpens,
  vigil,
}) => {
  vigil.expectStatus(422);
  await annOpens("/administration/policy");
  const form = policyForm(page);
  await form.getByLabel("Revoke them").check();
  await form.getByLabel("After days without use").fill("7");
  await form.getByLabel("Tokens carry no address rules").check();
  await form.getByLabel("Networks for address rules").fill("10.0.0.0/8");
  await form.getByLabel("E-Verify Write").check();
  await review(page);
  const summary = page.getByRole("alert");
  await expect(summary.getByRole("link")).toHaveText([
    "Enter 30 to 365 days.",
    "Where tokens carry no address rules, no networks can be named: remove them.",
  ]);
  await expect(form.getByLabel("After days without use")).toBeFocused();
  await expect(form.getByLabel("After days without use")).toHaveValue("7");
  await expect(form.getByLabel("Networks for address rules")).toHaveValue("10.0.0.0/8");
  await expect(form.getByLabel("E-Verify Write")).toBeChecked();
  await expect(form.getByLabel("Tokens carry no address rules")).toBeChecked();
});

test("of two admins the second is told, and sends it again knowingly", async ({
  page,
  annOpens,
  vigil,
}) => {
  vigil.expectStatus(409);
  await annOpens("/administration/policy");
  const other = await page.context().newPage();
  await openPolicy(other);
  await policyForm(other).getByLabel("Longest lifetime").selectOption("90 Days");
  await review(other);
  await savePolicy(other);

  await policyForm(page).getByLabel("Longest lifetime").selectOption("180 Days");
  await review(page);
  await expect(page.getByText("Somebody else has changed this meanwhile")).toBeVisible();
  const holding = page.getByRole("region", { name: "What holds now" });
  await expect(holding).toContainText("90 Days");
  await expect(policyForm(page).getByLabel("Longest lifetime")).toHaveValue("180d");
  await review(page);
  await expect(page.getByText("Longest lifetime: 180 Days (was 90 Days).")).toBeVisible();
  await savePolicy(page);
  await expect(page.getByText("The policy is saved.")).toBeVisible();
});
