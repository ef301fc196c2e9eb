// Who may talk to the node: one password for the user "default". Compared in constant time: both sides are hashed first,
// so that neither contents nor length of the password shows in how long an answer takes.
import { createHash, timingSafeEqual } from "node:crypto";

const digest = (text: string | Uint8Array): Buffer => createHash("sha256").update(text).digest();

export class Authentication {
  #expected: Buffer | undefined;

  constructor(password: string | undefined) {
    this.setPassword(password);
  }

  setPassword(password: string | undefined): void {
    this.#expected = password === undefined ? undefined : digest(password);
  }

  get requiresPassword(): boolean {
    return this.#expected !== undefined;
  }

  /** Without a password, every password of the default user is right, as in Redis. */
  accepts(user: string, password: Uint8Array): boolean {
    const given = digest(password);
    const isPassword = this.#expected === undefined || timingSafeEqual(given, this.#expected);
    return isPassword && user === "default";
  }
}
