/** First in, first out, in constant time however long it is: an array's `shift` is not. */
export class Queue<T> {
  #entering: T[] = [];
  #leaving: T[] = [];

  get size(): number {
    return this.#entering.length + this.#leaving.length;
  }

  push(value: T): void {
    this.#entering.push(value);
  }

  shift(): T | undefined {
    if (this.#leaving.length === 0) {
      this.#leaving = this.#entering.reverse();
      this.#entering = [];
    }
    return this.#leaving.pop();
  }
}
