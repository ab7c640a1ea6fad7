import {cursorPages, endpoint, paginate, type} from 'aiofetch';

/** An order, as the API has it. */
export interface Order {
  readonly id: string;
  readonly sku: string;
  readonly quantity: number;
  readonly status: 'open' | 'shipped' | 'cancelled';
}

/** What the API says of an error (RFC 9457). */
export interface Problem {
  readonly title: string;
  readonly detail?: string;
}

/** A problem with what was sent. */
export interface InvalidProblem extends Problem {
  readonly fields: Readonly<Record<string, string>>;
}

/** A page of orders, and where the next one begins. */
export interface OrderPage {
  readonly data: readonly Order[];
  readonly next_cursor: string | null;
}

const errors = {'4XX': type<Problem>(), '5XX': type<Problem>()};

// One by one, so that bundlers leave out what an application doesn't use.

/** An order by its id. */
export const getOrder = endpoint('GET /orders/{id}', {response: type<Order>(), errors});

/** All orders, newest first. */
export const listOrders = paginate(
  endpoint('GET /orders', {
    query: type<{status?: Order['status']; limit?: number}>(),
    response: type<OrderPage>(),
    errors,
  }),
  cursorPages({items: ({data}) => data, cursor: ({next_cursor}) => next_cursor}),
);

/** Orders something. It is safe to send again, which the idempotency key says. */
export const createOrder = endpoint('POST /orders', {
  body: type<Pick<Order, 'sku' | 'quantity'>>(),
  response: type<Order>(),
  errors: {...errors, 422: type<InvalidProblem>()},
  idempotencyKey: true,
});

/** Cancels an order that has not been shipped. */
export const cancelOrder = endpoint('DELETE /orders/{id}', {errors});
