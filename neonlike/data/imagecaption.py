"""Image captions."""

from neonlike.data._image_caption import Coco as Coco
from neonlike.data._image_caption import Flickr8k as Flickr8k
from neonlike.data._image_caption import Flickr30k as Flickr30k
from neonlike.data._image_caption import ImageCaption as ImageCaption
from neonlike.data._image_caption import ImageCaptionTest as ImageCaptionTest

__all__ = ["Coco", "Flickr8k", "Flickr30k", "ImageCaption", "ImageCaptionTest"]
