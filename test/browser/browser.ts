// A headless Chromium for tests of the page, and what a page did meanwhile: messages of its console, errors, requests.
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** Nothing but the page under test: no updates, no accounts, no requests of the browser's own. */
const switches = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: "/usr/bin/chromium", args: switches, timeout: 60_000 });
}

export interface Watched {
  readonly page: Page;
  /** Errors and warnings of the console, and exceptions nobody caught. */
  readonly problems: string[];
  /** Hosts of everything that was requested. */
  readonly hosts: Set<string>;
}

export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const watched: Watched = { page, problems: [], hosts: new Set() };
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") watched.problems.push(message.text());
  });
  page.on("pageerror", (error) => watched.problems.push(String(error)));
  page.on("request", (request) => watched.hosts.add(new URL(request.url()).host));
  page.on("websocket", (socket) => watched.hosts.add(new URL(socket.url()).host));
  await page.goto(url);
  return watched;
}

interface Canvas {
  width: number;
  height: number;
  getContext(kind: "2d"): { getImageData(x: number, y: number, w: number, h: number): { data: Uint8ClampedArray } };
}

/** How many pixels of a chart's canvas have a colour. */
export function paintedPixels(page: Page, chart: string): Promise<number> {
  return page.locator(`#chart-${chart} canvas`).evaluate((element) => {
    const canvas = element as unknown as Canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let painted = 0;
    for (let i = 3; i < data.length; i += 4) if ((data[i] ?? 0) > 0) painted += 1;
    return painted;
  });
}
