// The page of a real node: numbers move while redis-benchmark runs, its tables fill, and it comes back after kill -9.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ServedNode } from "../harness/served-node.ts";
import { freePort } from "../unit/dashboard/free-port.ts";
import { launchBrowser, openPage } from "./browser.ts";

const run = promisify(execFile);

let browser: Browser;
let node: ServedNode;
let dashboardPort: number;

const start = () => ServedNode.start({ settings: { DASHBOARD_PORT: String(dashboardPort), CACHE_SIZE: "5000" } });

beforeAll(async () => {
  dashboardPort = await freePort();
  [browser, node] = await Promise.all([launchBrowser(), start()]);
});

afterAll(async () => {
  await browser.close();
  await node.stop();
});

const cli = (...words: string[]) => run("redis-cli", ["-p", String(node.port), ...words], { timeout: 60_000 });

test("numbers move while redis-benchmark runs, and the tables show what ran", async () => {
  const { page, problems, hosts } = await openPage(browser, `http://127.0.0.1:${dashboardPort}/`);
  await page.locator('#status[data-state="live"]').waitFor();
  const still = await page.locator("#tile-entries").textContent();
  await cli("CONFIG", "SET", "slowlog-log-slower-than", "0");
  await cli("SET", "<b>slow</b>", "1");
  await cli("CONFIG", "SET", "slowlog-log-slower-than", "10000");
  const load = run("timeout", [
    ...["120", "redis-benchmark", "-p", String(node.port), "-n", "2000000", "-P", "16", "-q"],
    ...["-t", "set,get", "-r", "20000"],
  ]);
  const text = (id: string) => page.locator(id).textContent();
  await expect.poll(() => text("#tile-commands"), { timeout: 60_000 }).toMatch(/[kM]\/s$/);
  await expect.poll(() => text("#tile-entries"), { timeout: 60_000 }).not.toBe(still);
  await expect.poll(() => text("#tile-p99"), { timeout: 60_000 }).toMatch(/s$/);
  await expect.poll(() => text("#chart-removals .legend"), { timeout: 60_000 }).toMatch(/evicted [1-9]/);
  await load;
  await page.locator("#tab-slowlog").click();
  await page.locator("#panel-slowlog td").filter({ hasText: "SET <b>slow</b> 1" }).first().waitFor();
  await page.locator("#tab-config").click();
  await page.locator("#panel-config td").filter({ hasText: "CACHE_SIZE" }).first().waitFor();
  await page.locator("#tab-key").click();
  await cli("SET", "look", "here", "EX", "1000");
  await page.getByLabel("Key", { exact: true }).fill("look");
  await page.getByRole("button", { name: "Look up" }).click();
  await page.locator("#look-up-result pre").filter({ hasText: "here" }).waitFor();
  expect(problems).toEqual([]);
  expect([...hosts]).toEqual([`127.0.0.1:${dashboardPort}`]);
});

test("after kill -9 the page says so, and is live again once the node is", async () => {
  const { page } = await openPage(browser, `http://127.0.0.1:${dashboardPort}/`);
  await page.locator('#status[data-state="live"]').waitFor();
  await node.kill();
  await page.locator("#lost:not([hidden])").waitFor();
  node = await start();
  await page.locator('#status[data-state="live"]').waitFor({ timeout: 60_000 });
  expect(await page.locator("#lost").isHidden()).toBe(true);
});
