// Glob patterns as Redis has them: * ? [a-z] [^a] and \ to escape. Linear in the text for each star: on a mismatch only the
// last star is tried again, so no pattern takes exponential time.

export function matchesGlob(pattern: string, text: string): boolean {
  let at = 0;
  let place = 0;
  let starAt = -1;
  let starPlace = 0;
  while (place < text.length) {
    if (pattern[at] === "*") {
      starAt = at++;
      starPlace = place;
      continue;
    }
    const next = at < pattern.length ? matchOne(pattern, at, text.charCodeAt(place)) : undefined;
    if (next !== undefined) {
      at = next;
      place += 1;
    } else if (starAt >= 0) {
      at = starAt + 1;
      place = ++starPlace;
    } else {
      return false;
    }
  }
  while (pattern[at] === "*") at += 1;
  return at === pattern.length;
}

/** Where the pattern goes on when its piece at `at` matches the character; undefined when it does not. */
function matchOne(pattern: string, at: number, code: number): number | undefined {
  switch (pattern[at]) {
    case "?":
      return at + 1;
    case "[":
      return matchClass(pattern, at + 1, code);
    case "\\": {
      const literal = at + 1 < pattern.length ? at + 1 : at;
      return pattern.charCodeAt(literal) === code ? literal + 1 : undefined;
    }
    default:
      return pattern.charCodeAt(at) === code ? at + 1 : undefined;
  }
}

/** As matchOne, for a class whose first character is at `at`. A class that is never closed ends with the pattern. */
function matchClass(pattern: string, at: number, code: number): number | undefined {
  const isNegated = pattern[at] === "^";
  let place = isNegated ? at + 1 : at;
  let isIn = false;
  while (place < pattern.length && pattern[place] !== "]") {
    if (pattern[place] === "\\" && place + 1 < pattern.length) place += 1;
    const low = pattern.charCodeAt(place);
    let high = low;
    if (pattern[place + 1] === "-" && place + 2 < pattern.length) {
      high = pattern.charCodeAt(place + 2);
      place += 2;
    }
    if (code >= Math.min(low, high) && code <= Math.max(low, high)) isIn = true;
    place += 1;
  }
  return isIn === isNegated ? undefined : Math.min(place + 1, pattern.length);
}
