/** Who acks dequeued messages: the caller, or the dequeue itself (then at most once). */
export const AckMode = {
  Explicit: "explicit",
  OnDelivery: "on_delivery",
} as const;
export type AckMode = (typeof AckMode)[keyof typeof AckMode];
