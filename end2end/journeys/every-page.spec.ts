import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { PLACES } from "../fixtures/places.ts";
import { keepAsleep } from "../fixtures/sleep.ts";
import { expect, test } from "../fixtures/test.ts";

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
/** The narrowest page that WCAG asks for: 1280 px at 400 %. */
const NARROWEST = { width: 320, height: 640 };

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What axe finds on the page as it is now, in few words. */
async function barriers(page: Page): Promise<string[]> {
  // The legacy mode opens no second page to gather the findings of frames: there are none.
  const axe = new AxeBuilder({ page }).withTags(RULES).setLegacyMode();
  const { violations } = await axe.analyze();
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(
      ({ target, failureSummary }) => `${id}: ${help}: ${target.join(" ")}: ${failureSummary}`,
    ),
  );
}

/** How many pixels the page is wider than the window. */
function overflow(page: Page): Promise<number> {
  return page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
}

/** Controls of a phone's page that a finger may miss: lower or narrower than 44 px. */
function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const controls = document.querySelectorAll<HTMLElement>(
      ".btn, summary, select, input:not([type=hidden], [type=checkbox], [type=radio])",
    );
    return [...controls]
      .map((control) => ({ control, box: control.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0 && (box.height < 43.5 || box.width < 43.5))
      .map(({ control, box }) => `${control.outerHTML.slice(0, 80)}: ${box.width} × ${box.height}`);
  });
}

async function inspect(page: Page): Promise<void> {
  await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
  // What moves is looked at when it has arrived.
  await page.emulateMedia({ reducedMotion: "reduce" });
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    for (const size of [DESKTOP, PHONE]) {
      await page.setViewportSize(size);
      expect.soft(await barriers(page), `${colorScheme}, ${size.width} px`).toEqual([]);
    }
  }
  for (const size of [DESKTOP, PHONE, NARROWEST]) {
    await page.setViewportSize(size);
    expect.soft(await overflow(page), `overflow at ${size.width} px`).toBe(0);
  }
  await page.setViewportSize(PHONE);
  expect.soft(await smallTargets(page)).toEqual([]);
}

for (const { name, go, asleepToo } of PLACES) {
  test(`nothing is in anybody’s way: ${name} @live`, async ({ page, latchkey, open, vigil }) => {
    // The largest pages take their time to be looked through, on a machine that is busy.
    test.slow();
    vigil.expectStatus(403, 404, 409, 410, 422);
    await go({ page, latchkey, open });
    await inspect(page);
  });

  // Without scripts axe cannot run; a page that is not alive yet is the same.
  if (asleepToo) {
    test(`nothing is in anybody’s way: ${name}, before the page is alive @live`, async ({
      page,
      latchkey,
      vigil,
    }) => {
      vigil.expectStatus(422);
      await keepAsleep(page);
      await go({ page, latchkey, open: (path) => page.goto(path) });
      await inspect(page);
    });
  }
}

for (const size of [DESKTOP, PHONE]) {
  for (const name of ["tokens", "no access tokens", "the form", "general settings"]) {
    test(`nothing moves when the page comes alive: ${name}, ${size.width} px @live`, async ({
      page,
      latchkey,
      open,
    }) => {
      await page.setViewportSize(size);
      const place = PLACES.find((place) => place.name === name);
      await place?.go({ page, latchkey, open });
      await page.addInitScript(() => {
        const moved = { sum: 0 };
        Object.assign(window, { moved });
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) {
            moved.sum += (entry as PerformanceEntry & { value: number }).value;
          }
        }).observe({ type: "layout-shift", buffered: true });
      });
      await open(new URL(page.url()).pathname);
      const moved = await page.evaluate(async () => {
        // Two frames: what was changed last is laid out and reported.
        await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        return (window as unknown as { moved: { sum: number } }).moved.sum;
      });
      expect(moved).toBeLessThan(0.01);
    });
  }
}

test("no link is dead @plain", async ({ page, annOpens }) => {
  const seen = new Set<string>(["/settings/personal-access-tokens"]);
  for (const path of seen) {
    const answer = await annOpens(path);
    expect.soft(answer.status(), path).toBe(200);
    const { links, lost } = await page.evaluate(() => {
      const links = [...document.querySelectorAll<HTMLAnchorElement>("a[href]")];
      return {
        links: links.map(({ href }) => href),
        lost: links
          .map((link) => link.getAttribute("href") ?? "")
          .filter(
            (href) => href.startsWith("#") && document.getElementById(href.slice(1)) === null,
          ),
      };
    });
    expect.soft(lost, `anchors of ${path}`).toEqual([]);
    for (const link of links) {
      const { origin, pathname, search } = new URL(link);
      expect.soft(origin, `${link} on ${path}`).toBe(new URL(page.url()).origin);
      seen.add(pathname + search);
    }
  }
  expect(seen.size).toBeGreaterThanOrEqual(5);
});
