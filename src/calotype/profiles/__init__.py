"""Profiles: a person's page, as the viewer may see it, and their picture.

Guarantees: counts that equal what they count; posts paged without gap or repeat. Refuses: to show
a stranger what is for followers.
"""
