import type {RoomStats} from '../server-address.ts';

/** The connection of a request. */
export interface Connection {
  readonly destroyed: boolean;
}

/** The server's statistics about the requests of one case, and the requests that it holds until the case releases them. */
export class Room {
  #active = 0;
  #peak = 0;
  #peakPerOrigin = 0;
  #cut = 0;
  #received = 0;
  #sent = 0;
  #peakSockets = 0;
  readonly #activeByOrigin = new Map<string, number>();
  readonly #visits = new Map<string, number>();
  readonly #arrivals: string[] = [];
  readonly #held: Array<() => void> = [];
  readonly #sockets = new Set<Connection>();

  arrived(label: string, origin: string, connection: Connection): void {
    this.#arrivals.push(label);
    this.#active++;
    this.#peak = Math.max(this.#peak, this.#active);
    const active = (this.#activeByOrigin.get(origin) ?? 0) + 1;
    this.#activeByOrigin.set(origin, active);
    this.#peakPerOrigin = Math.max(this.#peakPerOrigin, active);
    this.#sockets.add(connection);
    this.#peakSockets = Math.max(this.#peakSockets, this.#openSockets());
  }

  ended(origin: string, wasCut: boolean): void {
    this.#active--;
    this.#activeByOrigin.set(origin, (this.#activeByOrigin.get(origin) ?? 1) - 1);
    if (wasCut) this.#cut++;
  }

  /** Counts a request for a URL, and gives how many there were, including this one. */
  visited(url: string): number {
    const visits = (this.#visits.get(url) ?? 0) + 1;
    this.#visits.set(url, visits);
    return visits;
  }

  received(bytes: number): void {
    this.#received += bytes;
  }

  sent(bytes: number): void {
    this.#sent += bytes;
  }

  /** Calls `go` when the room releases it. Gives a function that withdraws it. */
  hold(go: () => void): () => void {
    this.#held.push(go);
    return () => {
      const index = this.#held.indexOf(go);
      if (index >= 0) this.#held.splice(index, 1);
    };
  }

  release(count: number): void {
    for (const go of this.#held.splice(0, count)) go();
  }

  stats(): RoomStats {
    return {
      active: this.#active,
      peak: this.#peak,
      peakPerOrigin: this.#peakPerOrigin,
      arrivals: this.#arrivals,
      cut: this.#cut,
      held: this.#held.length,
      received: this.#received,
      sent: this.#sent,
      sockets: {total: this.#sockets.size, open: this.#openSockets(), peak: this.#peakSockets},
    };
  }

  #openSockets(): number {
    let open = 0;
    for (const socket of this.#sockets) if (!socket.destroyed) open++;
    return open;
  }
}
