// Bytes of keys and values as text that is safe to show: printable UTF-8 as it is, everything else escaped.

const decoder = new TextDecoder("utf-8", { fatal: true });

/** The text when the bytes are UTF-8 without control characters (line breaks and tabs are allowed); undefined otherwise. */
export function printableText(bytes: Uint8Array): string | undefined {
  try {
    const text = decoder.decode(bytes);
    return /^(?:[^\p{Cc}]|[\n\r\t])*$/u.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

/** A name on one line: printable text as it is, else ASCII with `\xNN` for the rest. */
export function nameOf(bytes: Uint8Array): string {
  const text = printableText(bytes);
  if (text !== undefined && !/[\n\r\t]/.test(text)) return text;
  return Array.from(bytes, (byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`,
  ).join("");
}
