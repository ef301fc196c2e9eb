// Finds where a RESP2 or RESP3 reply ends, without interpreting it: replies are compared as bytes.

const lineEnd = Buffer.from("\r\n");

/** How many parts follow a header of this type, each part a whole reply. */
function partsOf(type: string, count: number): number {
  if (count < 0) return 0;
  if (type === "*" || type === "~" || type === ">") return count;
  if (type === "%") return 2 * count;
  if (type === "|") return 2 * count + 1;
  return 0;
}

/** The place behind the reply that begins at `from`, or undefined when it is not whole. */
export function endOfReply(bytes: Buffer, from: number): number | undefined {
  let at = from;
  for (let waiting = 1; waiting > 0; waiting--) {
    const end = bytes.indexOf(lineEnd, at);
    if (end < 0) return undefined;
    const type = String.fromCharCode(bytes[at] ?? 0);
    const count = Number(bytes.toString("latin1", at + 1, end));
    at = end + 2;
    if ("$=!".includes(type) && count >= 0) at += count + 2;
    if (at > bytes.length) return undefined;
    waiting += partsOf(type, count);
  }
  return at;
}

/** The replies that are the parts of an array, set or map; a reply of another kind is its own only part. */
export function partsOfReply(reply: Buffer): Buffer[] {
  const type = String.fromCharCode(reply[0] ?? 0);
  if (!"*~%>".includes(type)) return [reply];
  const parts: Buffer[] = [];
  for (let at = reply.indexOf(lineEnd) + 2; at < reply.length; ) {
    const end = endOfReply(reply, at);
    if (end === undefined) throw new Error(`a reply that is not whole: ${JSON.stringify(reply.toString("latin1"))}`);
    parts.push(reply.subarray(at, end));
    at = end;
  }
  return parts;
}
