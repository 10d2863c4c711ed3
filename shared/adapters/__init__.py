"""The ports' adapters, one folder a technology; each passes its port's conformance suite (`shared/testing`)."""
