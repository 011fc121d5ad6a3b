import { defineConfig, devices } from "@playwright/test";

import { BROWSER_ARGUMENTS, browserProgram } from "./fixtures/browser.ts";

const program = browserProgram();

/**
 * Two projects over the same journeys: `live`, with scripts, and `plain`, without. A journey that only makes sense
 * in one of them is tagged with its name.
 *
 *     LATCHKEY_BIN                the binary; by default the one that `cargo xtask build` leaves in ../target/debug
 *     LATCHKEY_CHROMIUM           the browser's program; by default one of this machine, then Playwright's own
 *     LATCHKEY_E2E_DATABASE       `postgres` runs everything on PostgreSQL; by default each test has a SQLite file
 *     LATCHKEY_E2E_POSTGRES_URL   where, as postgres://USER:PASSWORD@HOST:PORT; by default a throwaway cluster
 *     LATCHKEY_PICTURES           `1` writes the pictures of the README
 */
export default defineConfig({
  testDir: "journeys",
  globalSetup: "./fixtures/cluster.ts",
  fullyParallel: true,
  forbidOnly: true,
  retries: 0,
  // A server that is broken through and through is told from the first failures.
  maxFailures: 40,
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [["list"], ["html", { open: "never" }]],
  use: {
    ...devices["Desktop Chrome"],
    viewport: { width: 1280, height: 800 },
    locale: "en-US",
    timezoneId: "America/New_York",
    trace: { mode: "retain-on-failure", screenshots: false, sources: false },
    launchOptions: {
      args: BROWSER_ARGUMENTS,
      ...(program === undefined ? {} : { executablePath: program }),
    },
  },
  projects: [
    { name: "live", use: { javaScriptEnabled: true }, grepInvert: /@plain/ },
    { name: "plain", use: { javaScriptEnabled: false }, grepInvert: /@live/ },
  ],
});
