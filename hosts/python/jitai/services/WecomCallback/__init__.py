from .service import WecomCallback

__all__ = ["WecomCallback"]
