/** Who acks what is dequeued: the caller, or the dequeue itself (at most once, by choice). */
export const AckMode = {
  Explicit: "explicit",
  OnDelivery: "on_delivery",
} as const;
export type AckMode = (typeof AckMode)[keyof typeof AckMode];
