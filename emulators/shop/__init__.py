"""The main job, the whole shop: real baskets with their real coupons through the checkout, to the door."""
