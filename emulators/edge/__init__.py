"""The local edge: gateway, issuer, scheduler, and the functions behind them."""
