import { expect, test } from "vitest";
import { InfoSections } from "../../../src/commands/info.ts";

function sections(): InfoSections {
  const info = new InfoSections();
  info.add("Server", () => [["redis_version", "7"]]);
  info.add("Commandstats", () => [["cmdstat_get", "calls=1"]], false);
  info.add("Keyspace", () => []);
  return info;
}

test("plain INFO shows the default sections, an empty line between them", () => {
  expect(sections().render()).toBe("# Server\r\nredis_version:7\r\n\r\n# Keyspace\r\n");
});

test("sections are chosen by name in any case, all of them by all and everything", () => {
  const info = sections();
  expect(info.render(["COMMANDSTATS"])).toBe("# Commandstats\r\ncmdstat_get:calls=1\r\n");
  expect(info.render(["everything"])).toContain("# Commandstats");
  expect(info.render(["all"])).toContain("# Server");
  expect(info.render(["default"])).not.toContain("# Commandstats");
  expect(info.render(["nosuch"])).toBe("");
});

test("a section added again takes the place of the first", () => {
  const info = sections();
  info.add("Server", () => [["redis_version", "8"]]);
  expect(info.render(["server"])).toBe("# Server\r\nredis_version:8\r\n");
});
