#!/usr/bin/env bash
# Buys a bottle in the shop of the platform that runs on this machine, request by request, and prints every answer.
# Ends with an error if an answer has another status than it should have.
# Options go to `commerce`: --folder FOLDER, if the platform was started with one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
COMMERCE=${COMMERCE:-.venv/bin/commerce}

ORIGIN=$("$COMMERCE" status "$@" | sed -n '1s/ .*//p')
CUSTOMER=$("$COMMERCE" token --subject 900 --role customer "$@")
OPERATOR=$("$COMMERCE" token --subject me --role operator "$@")
RUN=$(date +%s)-$$ # part of each idempotency key: another run is another purchase

# send TOKEN METHOD PATH [OPTIONS OF CURL]: 503 says that the same request may succeed in a moment
send() {
  local answer
  for _ in {1..20}; do
    answer=$(curl -sS -i --noproxy '*' -X "$2" "$ORIGIN$3" -H "Authorization: Bearer $1" \
      -H 'Content-Type: application/json' "${@:4}" | tr -d '\r')
    if [[ $answer != "HTTP/1.1 503 "* ]]; then break; fi
    sleep 1
  done
  printf '%s\n' "$answer"
}

# step STATUS MEANING TOKEN METHOD PATH [OPTIONS OF CURL]: leaves the answer in ANSWER
step() {
  local status=$1 meaning=$2
  shift 2
  printf '\n# %s\n%s %s\n' "$meaning" "$2" "$3"
  ANSWER=$(send "$@")
  grep -iE '^(HTTP|ETag|Location|\{)' <<<"$ANSWER"
  if [[ $ANSWER != "HTTP/1.1 $status "* ]]; then
    echo "the status should be $status" >&2
    exit 1
  fi
}

location() { sed -n 's/^[Ll]ocation: //p' <<<"$ANSWER"; }

# wait_for TEXT TOKEN PATH: a read model is a moment behind the log
wait_for() {
  for _ in {1..300}; do
    if [[ $(send "$2" GET "$3") == *"$1"* ]]; then return; fi
    sleep 0.2
  done
  echo "GET $3 does not show $1" >&2
  exit 1
}

# The shop has a dozen bottles.
step 202 'A product is listed. A customer can buy only what the catalog lists.' \
  "$OPERATOR" PUT /catalog/v1/products/a-bottle -d '{"department": "GLASS", "product_type": "bottle"}'
step 202 'A dozen of them comes into the stock.' \
  "$OPERATOR" POST /inventory/v1/stock/a-bottle/receipts -H "Idempotency-Key: stock-$RUN" \
  -d '{"quantity": 12, "reference": "delivery note 1"}'
step 202 'It gets a price, from now on.' \
  "$OPERATOR" PUT /pricing/v1/prices/a-bottle -d '{"price": {"amount": 199, "currency": "USD"}}'
wait_for a-bottle "$OPERATOR" /pricing/v1/prices/a-bottle

# A customer fills a cart.
open_cart() {
  step 202 "$1" "$CUSTOMER" POST /cart/v1/carts -H "Idempotency-Key: cart-$RUN" -d '{"currency": "USD"}'
}
add_bottle() {
  step "$2" "$3" "$CUSTOMER" POST "$CART/items" -H "Idempotency-Key: $1-$RUN" -H 'If-Match: "1"' \
    -d '{"sku": "a-bottle", "quantity": 1}'
}
open_cart 'A cart is opened. Location is its path, ETag its version.'
open_cart 'The same request again gets the same answer. There is still one cart.'
CART=$(location)
add_bottle one-bottle 202 'A bottle is put into version 1 of the cart, which is now at version 2.'
add_bottle another-bottle 412 'Another bottle is refused: If-Match asks for version 1, and the cart has changed since.'

# The cart now and before.
step 200 'The cart at version 2 or later, even if its read model is behind.' "$CUSTOMER" GET "$CART?min_version=2"
step 200 'The cart as it was at version 1: empty.' "$CUSTOMER" GET "$CART?version=1"
step 200 'The cart as it was at a time; here, at the end of this second.' \
  "$CUSTOMER" GET "$CART?as_of=$(date -u +%Y-%m-%dT%H:%M:%S.999Z)"
step 200 'Who changed what, when and why.' "$CUSTOMER" GET "$CART/history"

# The customer buys it.
CART_ID=${CART##*/}
buy() {
  step 202 "$1" "$CUSTOMER" POST /checkout/v1/checkouts -H "Idempotency-Key: checkout-$RUN" -d '{
    "cart_id": "'"$CART_ID"'", "cart_version": 2, "expected_total": {"amount": 199, "currency": "USD"},
    "payment_token": "pm_card_visa",
    "shipping_address": {"name": "Ann", "lines": ["1 Mill Lane"], "city": "Exampleton", "region": "CA",
                         "postal_code": "12345", "country": "US"}}'
}
step 200 'A preview: what the cart costs, at which version. It changes nothing.' \
  "$CUSTOMER" POST /checkout/v1/previews -d '{"cart_id": "'"$CART_ID"'", "min_version": 2, "country": "US"}'
buy 'A checkout of this version at this total is started.'
buy 'The same request again: still one checkout, one order, one charge.'
CHECKOUT=$(location)
wait_for '"ended_at":"' "$CUSTOMER" "$CHECKOUT"
step 200 'The checkout is completed. Its timeline has each step.' "$CUSTOMER" GET "$CHECKOUT"
step 200 'The order is placed and paid. The address in it is sealed.' \
  "$CUSTOMER" GET "/orders/v1/orders/${CHECKOUT##*/}?min_version=3"
