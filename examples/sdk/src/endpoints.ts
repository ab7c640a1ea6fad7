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

const problem = /* @__PURE__ */ type<Problem>();
const errors = {'4XX': problem, '5XX': problem};

// Each endpoint is a constant of its own, and each call is marked as pure, so that bundlers leave out the endpoints that an
// application doesn't use. A spread, as in `{...errors}`, would keep its endpoint in every bundle.

/** An order by its id. */
export const getOrder = /* @__PURE__ */ endpoint('GET /orders/{id}', {
  response: /* @__PURE__ */ type<Order>(),
  errors,
});

/** All orders, newest first. */
export const listOrders = /* @__PURE__ */ paginate(
  /* @__PURE__ */ endpoint('GET /orders', {
    query: /* @__PURE__ */ type<{status?: Order['status']; limit?: number}>(),
    response: /* @__PURE__ */ type<OrderPage>(),
    errors,
  }),
  /* @__PURE__ */ cursorPages({items: ({data}) => data, cursor: ({next_cursor}) => next_cursor}),
);

/** Orders an article. The idempotency key makes the call safe to send again. */
export const createOrder = /* @__PURE__ */ endpoint('POST /orders', {
  body: /* @__PURE__ */ type<Pick<Order, 'sku' | 'quantity'>>(),
  response: /* @__PURE__ */ type<Order>(),
  errors: {'4XX': problem, '5XX': problem, 422: /* @__PURE__ */ type<InvalidProblem>()},
  idempotencyKey: true,
});

/** Cancels an order that has not been shipped. */
export const cancelOrder = /* @__PURE__ */ endpoint('DELETE /orders/{id}', {errors});
