from .service import WecomMessages

__all__ = ["WecomMessages"]
