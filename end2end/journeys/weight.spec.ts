import { brotliCompressSync } from "node:zlib";

import { expect, test } from "../fixtures/test.ts";
import { FORM, LIST } from "../fixtures/tokens.ts";

const LIMIT = 20_000;

test("the first HTML of the token pages is light @plain", async ({ ann, latchkey, open }) => {
  for (const vendor of Array.from({ length: 12 }, (_, index) => `Vendor ${index + 1}`)) {
    await latchkey.addToken(ann, vendor, ["e-verify-read", "e-verify-write"]);
  }
  for (const path of [LIST, FORM]) {
    const html = await (await open(path)).body();
    expect(brotliCompressSync(html).length, path).toBeLessThanOrEqual(LIMIT);
  }
});

test("assets are kept for ever, and come compressed @live", async ({ page, ann: _ann, open }) => {
  const assets: { url: string; headers: Promise<Record<string, string>> }[] = [];
  page.on("response", (response) => {
    if (new URL(response.url()).pathname.startsWith("/pkg/")) {
      assets.push({ url: response.url(), headers: response.allHeaders() });
    }
  });
  await open(LIST);
  const names = assets.map(({ url }) => url.split(".").pop());
  expect(names).toEqual(expect.arrayContaining(["css", "js", "wasm"]));
  for (const { url, headers } of assets) {
    expect(await headers, url).toMatchObject({
      "cache-control": "public, max-age=31536000, immutable",
      "content-encoding": "br",
    });
  }
});
