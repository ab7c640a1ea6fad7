/** What a member of a {@link LinkedList} carries: its own links, so that leaving from the middle costs nothing. */
export interface Linked {
  previous: Linked | undefined;
  next: Linked | undefined;
  list: LinkedList<Linked> | undefined;
}

/**
 * An intrusive doubly linked list: O(1) at both ends and from the middle, and no allocation per member.
 * Queues of waiting requests, idle connections and running calls all leave from the middle (aborts, closed
 * sockets), which arrays can't do cheaply.
 */
export class LinkedList<T extends Linked> {
  first: T | undefined = undefined;
  last: T | undefined = undefined;
  size = 0;

  append(member: T): void {
    member.list = this as unknown as LinkedList<Linked>;
    member.previous = this.last;
    member.next = undefined;
    if (this.last) this.last.next = member;
    else this.first = member;
    this.last = member;
    this.size++;
  }

  /** Takes the member out; false when it isn't in this list. */
  remove(member: T): boolean {
    if (member.list !== (this as unknown as LinkedList<Linked>)) return false;
    const {previous, next} = member;
    if (previous) previous.next = next;
    else this.first = next as T | undefined;
    if (next) next.previous = previous;
    else this.last = previous as T | undefined;
    member.list = undefined;
    member.previous = undefined;
    member.next = undefined;
    this.size--;
    return true;
  }

  shift(): T | undefined {
    const member = this.first;
    if (member) this.remove(member);
    return member;
  }

  pop(): T | undefined {
    const member = this.last;
    if (member) this.remove(member);
    return member;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let member = this.first; member; ) {
      const next = member.next as T | undefined;
      yield member;
      member = next;
    }
  }
}
