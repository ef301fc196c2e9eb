// Readings become rates, percentiles and fifteen minutes of history.
import { expect, test } from "vitest";
import type { SeriesField } from "../../../src/dashboard/api-types.ts";
import { LiveViewers } from "../../../src/dashboard/live.ts";
import { historyRows, Sampler, seriesFields } from "../../../src/dashboard/sampler.ts";
import { FakeSource } from "./fake-source.ts";

const at = (row: readonly (number | null)[], field: SeriesField) => row[seriesFields.indexOf(field)];

test("counters become rates a second, whatever time lies between two readings", () => {
  const source = new FakeSource();
  const sampler = new Sampler(source);
  expect(sampler.sample()).toBeUndefined();
  source.advance(2000, 10_000);
  const row = sampler.sample()?.row ?? [];
  expect(at(row, "read")).toBe(5000);
  expect(at(row, "write")).toBe(1000);
  expect(at(row, "bytesIn")).toBe(200_000);
  expect(at(row, "cpu")).toBe(0.9);
  expect(at(row, "entries")).toBe(8400);
  expect(at(row, "at")).toBe(source.nowMs / 1000);
});

test("latency is that of the interval, and nothing when nothing ran", () => {
  const source = new FakeSource();
  const sampler = new Sampler(source);
  sampler.sample();
  source.nowMs += 1000;
  expect(at(sampler.sample()?.row ?? [], "p99")).toBeNull();
  source.advance(1000, 1000);
  const row = sampler.sample()?.row ?? [];
  expect(Number(at(row, "p50"))).toBeGreaterThan(0);
  expect(Number(at(row, "p999"))).toBeGreaterThan(Number(at(row, "p50")));
});

test("a counter that fell back (a restart) is no negative rate", () => {
  const source = new FakeSource();
  const sampler = new Sampler(source);
  sampler.sample();
  source.advance(1000, -400_000);
  expect(at(sampler.sample()?.row ?? [], "read")).toBe(0);
});

test("fifteen minutes are kept, the oldest first", () => {
  const source = new FakeSource();
  const sampler = new Sampler(source);
  for (let i = 0; i < historyRows + 50; i++) {
    source.advance(1000, 1);
    sampler.sample();
  }
  const { rows, state } = sampler.history();
  expect(rows.length).toBe(historyRows);
  expect(at(rows.at(-1) ?? [], "at")).toBe(source.nowMs / 1000);
  expect(at(rows[0] ?? [], "at")).toBe(source.nowMs / 1000 - historyRows + 1);
  expect(state?.durability.isHealthy).toBe(true);
});

test("a slow viewer misses messages and others do not; one that stays behind is closed", () => {
  const viewers = new LiveViewers();
  const makeViewer = (buffered: number) => {
    const got: string[] = [];
    let isClosed = false;
    const socket = {
      send: (text: string) => void got.push(text),
      bufferedBytes: () => buffered,
      close: () => {
        isClosed = true;
      },
    };
    return { socket, got, isClosed: () => isClosed };
  };
  const quick = makeViewer(0);
  const slow = makeViewer(10_000_000);
  viewers.add(quick.socket);
  viewers.add(slow.socket);
  const source = new FakeSource();
  const sampler = new Sampler(source);
  sampler.sample();
  for (let i = 0; i < 100; i++) {
    source.advance(1000, 1);
    const message = sampler.sample();
    if (message !== undefined) viewers.push(message);
  }
  expect(quick.got.length).toBe(100);
  expect(slow.got.length).toBe(0);
  expect(slow.isClosed()).toBe(true);
  viewers.remove(slow.socket);
  expect(viewers.count).toBe(1);
});
