// The page in a real browser, against a made-up node: what it shows, what it asks for, and how it behaves when things go wrong.
import { mkdirSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { silentLogger } from "../../src/base/logger.ts";
import { Dashboard, type DashboardOptions } from "../../src/dashboard/dashboard.ts";
import { chartList } from "../../src/dashboard/page/chart-list.ts";
import { FakeSource, healthyDurability } from "../unit/dashboard/fake-source.ts";
import { freePort } from "../unit/dashboard/free-port.ts";
import { launchBrowser, openPage, paintedPixels } from "./browser.ts";

const sampleEveryMs = 100;
const screenshots = "build-screenshots";

let browser: Browser;
const cleanUps: (() => Promise<unknown> | unknown)[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
});

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  for (const context of browser.contexts()) await context.close();
});

afterAll(() => browser.close());

/** A source whose seconds pass ten times as fast, with `callsPerSecond` reads. */
function runningSource(callsPerSecond = 20_000): FakeSource {
  const source = new FakeSource();
  source.nowMs = Date.now() - 600_000;
  source.startedAtMs = source.nowMs - 7_200_000;
  let passed = 0;
  const timer = setInterval(() => {
    passed += 1;
    source.advance(1000, Math.round(callsPerSecond * (1 + 0.3 * Math.sin(passed / 7))));
  }, sampleEveryMs);
  cleanUps.push(() => clearInterval(timer));
  return source;
}

async function serve(source: FakeSource, options: Partial<DashboardOptions> = {}): Promise<Dashboard> {
  const usual = {
    hostName: "127.0.0.1",
    port: 0,
    isPortGiven: true,
    isOpen: false,
    allowedHosts: [],
    host: "auto",
  } as const;
  const tokens = { token: undefined, metricsToken: undefined };
  const place = { pageDirectory: "dist/dashboard/page", sampleEveryMs };
  const dashboard = new Dashboard({ ...usual, ...tokens, ...place, ...options }, source, silentLogger());
  await dashboard.start();
  cleanUps.push(() => dashboard.stop());
  return dashboard;
}

describe("the page", () => {
  test("loads without problems and asks no other host; every chart is drawn; it weighs less than 150 KB", async () => {
    const { url } = await serve(runningSource());
    const { page, problems, hosts } = await openPage(browser, url);
    await page.locator('#status[data-state="live"]').waitFor();
    for (const { id } of chartList) {
      await expect.poll(() => paintedPixels(page, id), { timeout: 30_000 }).toBeGreaterThan(500);
    }
    const transferred = await page.evaluate(() =>
      performance
        .getEntriesByType("resource")
        .filter(({ name }) => !name.includes("/api/") && !name.includes("/live"))
        .reduce((sum, entry) => sum + (entry as unknown as { transferSize: number }).transferSize, 0),
    );
    expect(transferred).toBeGreaterThan(20_000);
    expect(transferred).toBeLessThan(150_000);
    expect(problems).toEqual([]);
    expect([...hosts]).toEqual([new URL(url).host]);
  });

  test("numbers move, and stand still while paused", async () => {
    const { url } = await serve(runningSource());
    const { page } = await openPage(browser, url);
    const commands = page.locator("#tile-commands");
    await expect.poll(() => commands.textContent(), { timeout: 30_000 }).toMatch(/ k\/s$/);
    const first = await commands.textContent();
    await expect.poll(() => commands.textContent(), { timeout: 30_000 }).not.toBe(first);
    await page.getByRole("button", { name: "Pause" }).click();
    const paused = await commands.textContent();
    const before = await page.evaluate(() => performance.getEntriesByType("resource").length);
    await expect.poll(() => page.locator("#status-text").textContent(), { timeout: 30_000 }).toBe("paused");
    expect(await commands.textContent()).toBe(paused);
    expect(before).toBeGreaterThan(0);
    await page.getByRole("button", { name: "Go on" }).click();
    await expect.poll(() => commands.textContent(), { timeout: 30_000 }).not.toBe(paused);
  });

  test("hovering reads values of that moment", async () => {
    const { url } = await serve(runningSource());
    const { page } = await openPage(browser, url);
    await page.getByLabel("1 min").check({ force: true });
    const chart = page.locator("#chart-throughput");
    await expect.poll(() => chart.locator(".legend").textContent(), { timeout: 30_000 }).toContain(" k/s");
    await page.getByRole("button", { name: "Pause" }).click();
    const box = await chart.locator(".u-over").boundingBox();
    await page.mouse.move((box?.x ?? 0) + (box?.width ?? 0) - 3, (box?.y ?? 0) + 40);
    await expect.poll(() => chart.locator(".at").textContent(), { timeout: 30_000 }).toMatch(/^\d\d:\d\d:\d\d$/);
    await expect.poll(() => page.locator("#chart-memory .at").textContent(), { timeout: 30_000 }).toMatch(/^\d\d:\d\d/);
  });

  test("it says that the connection is lost and comes back by itself after a restart", async () => {
    const source = runningSource();
    const port = await freePort();
    const first = await serve(source, { port });
    const { page } = await openPage(browser, first.url);
    await page.locator('#status[data-state="live"]').waitFor();
    await first.stop();
    await page.locator("#lost:not([hidden])").waitFor();
    expect(await page.locator("#lost").textContent()).toContain("connection to the node is lost");
    expect(await page.locator("#status-text").textContent()).toBe("not connected");
    await startAgain(source, port);
    await page.locator('#status[data-state="live"]').waitFor({ timeout: 60_000 });
    expect(await page.locator("#lost").isHidden()).toBe(true);
  });

  test("the token is asked for, a wrong one is refused, the right one opens the page and stays", async () => {
    const { url } = await serve(runningSource(), { token: "correct horse" });
    const { page } = await openPage(browser, url);
    expect(await page.locator("#charts").count()).toBe(0);
    await page.getByLabel("Token of this dashboard").fill("wrong");
    await page.getByRole("button", { name: "Open the dashboard" }).click();
    await page.getByText("That is not the token.").waitFor();
    await page.getByLabel("Token of this dashboard").fill("correct horse");
    await page.getByRole("button", { name: "Open the dashboard" }).click();
    await page.locator('#status[data-state="live"]').waitFor();
    await page.reload();
    await page.locator('#status[data-state="live"]').waitFor();
    expect(await page.evaluate(() => (globalThis as unknown as { document: { cookie: string } }).document.cookie)).toBe(
      "",
    );
  });

  test("keys, values and names with HTML in them are shown and not run", async () => {
    const source = runningSource();
    const evil = `<img src=x onerror="globalThis.isHarmed=1"><script>globalThis.isHarmed=1</script>`;
    source.hottest = [evil];
    source.slowLog = () => [
      { id: 1, at: 1_700_000_000, durationUs: 9, args: ["GET", evil], client: evil, clientName: evil },
    ];
    source.clients = async () => [
      {
        id: 1,
        address: evil,
        name: evil,
        database: 0,
        ageSeconds: 1,
        idleSeconds: 1,
        lastCommand: evil,
        library: evil,
      },
    ];
    const report = { key: evil, database: 0, type: "string", encoding: "text", valueBytes: 9, ttlMs: 4200 } as const;
    source.keys.set(`0:${evil}`, { ...report, preview: evil, isCut: false });
    const { url } = await serve(source);
    const { page, problems } = await openPage(browser, url);
    for (const tab of ["hotkeys", "clients", "slowlog"]) {
      await page.locator(`#tab-${tab}`).click();
      await page.locator(`#panel-${tab} td`).filter({ hasText: evil }).first().waitFor();
    }
    await page.getByRole("tab", { name: "Look up a key" }).click();
    await page.getByLabel("Key", { exact: true }).fill(evil);
    await page.getByRole("button", { name: "Look up" }).click();
    await page.locator("#look-up-result pre").getByText(evil).waitFor();
    expect(await page.locator("#look-up-result").textContent()).toContain("4.20 s");
    expect(await page.locator("img[src=x]").count()).toBe(0);
    expect(await page.evaluate(() => "isHarmed" in globalThis)).toBe(false);
    expect(problems).toEqual([]);
  });

  test("tabs are used with the arrow keys, charts too", async () => {
    const { url } = await serve(runningSource());
    const { page } = await openPage(browser, url);
    await page.getByRole("tab", { name: "Slow log" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.locator("#panel-hotkeys td").first().waitFor();
    expect(await page.getByRole("tab", { name: "Hot keys" }).getAttribute("aria-selected")).toBe("true");
    await page.keyboard.press("End");
    expect(await page.getByRole("tab", { name: "Look up a key" }).getAttribute("aria-selected")).toBe("true");
    await page.getByRole("button", { name: "Pause" }).click();
    await page.locator("#chart-memory .plot").focus();
    await page.keyboard.press("ArrowLeft");
    await expect.poll(() => page.locator("#chart-memory .at").textContent(), { timeout: 30_000 }).toMatch(/^\d\d:/);
  });

  test("trouble with the disk turns durability red and is said in words", async () => {
    const source = runningSource();
    source.durability = { ...healthyDurability, isHealthy: false, problem: "writing the log failed: no space left" };
    const { url } = await serve(source);
    const { page } = await openPage(browser, url);
    await page.locator("#durability.bad").waitFor();
    expect(await page.locator("#durability-verdict").textContent()).toContain("no space left");
    expect(await page.locator("#status-text").textContent()).toBe("unhealthy");
  });

  test("light, dark and a phone's width: nothing overflows, and a person can look at the pictures", async () => {
    const { url } = await serve(runningSource());
    mkdirSync(screenshots, { recursive: true });
    for (const [name, colorScheme, width] of [
      ["light", "light", 1440],
      ["dark", "dark", 1440],
      ["narrow", "light", 390],
    ] as const) {
      const { page } = await openPage(browser, url, { colorScheme, viewport: { width, height: 900 } });
      await page.locator('#status[data-state="live"]').waitFor();
      await page.getByLabel("1 min").check({ force: true });
      await page.getByRole("tab", { name: "Hot keys" }).click();
      await page.locator("#panel-hotkeys td").first().waitFor();
      await expect.poll(() => paintedPixels(page, "wal"), { timeout: 30_000 }).toBeGreaterThan(500);
      const overflow = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = (
          globalThis as unknown as { document: { documentElement: { scrollWidth: number; clientWidth: number } } }
        ).document.documentElement;
        return scrollWidth - clientWidth;
      });
      expect(overflow).toBe(0);
      await page.evaluate(() => (globalThis as unknown as { scrollTo(x: number, y: number): void }).scrollTo(0, 0));
      await page.screenshot({ path: `${screenshots}/${name}.png`, fullPage: true });
    }
  });
});

/** The port of a server that was just stopped may stay taken for a moment. */
async function startAgain(source: FakeSource, port: number): Promise<void> {
  await expect
    .poll(
      () =>
        serve(source, { port }).then(
          () => "started",
          (error: unknown) => String(error),
        ),
      { timeout: 60_000, interval: 500 },
    )
    .toBe("started");
}
