//! From a text to a value: the thin part that serde repeats for each type.

use alloc::vec::Vec;

use serde::de::value::U32Deserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};

use crate::error::Error;
use crate::read::{Cursor, Named};

type Result<T> = core::result::Result<T, Error>;

/// Reads a value that borrows nothing or only from the text.
pub fn from_slice<'de, T: Deserialize<'de>>(text: &'de [u8]) -> Result<T> {
    let mut cursor = Cursor::new(text);
    cursor.peek()?;
    let value = T::deserialize(&mut cursor)?;
    cursor.end()?;
    Ok(value)
}

fn unsigned(cursor: &mut Cursor<'_>) -> Result<u64> {
    match cursor.integer()? {
        (false, magnitude) | (true, magnitude @ 0) => {
            u64::try_from(magnitude).map_err(|_| Error::new("an integer beyond 64 bits"))
        }
        _ => Err(Error::new("expected an integer that is not negative")),
    }
}

fn signed(cursor: &mut Cursor<'_>) -> Result<i64> {
    let (negative, magnitude) = cursor.integer()?;
    let value = i128::try_from(magnitude).ok().map(|value| if negative { -value } else { value });
    value.and_then(|value| i64::try_from(value).ok()).ok_or_else(|| Error::new("an integer beyond 64 bits"))
}

macro_rules! integers {
    ($read:ident, $visit:ident: $($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            visitor.$visit($read(self)?)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Cursor<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.peek()? {
            b'"' => self.deserialize_str(visitor),
            b't' | b'f' => self.deserialize_bool(visitor),
            b'n' => self.deserialize_unit(visitor),
            b'[' => self.deserialize_seq(visitor),
            b'{' => self.deserialize_map(visitor),
            b'-' => self.deserialize_i64(visitor),
            _ => self.deserialize_u64(visitor),
        }
    }

    integers!(unsigned, visit_u64: deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64);
    integers!(signed, visit_i64: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64);

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.integer()? {
            (false, magnitude) => visitor.visit_u128(magnitude),
            _ => Err(Error::new("expected an integer that is not negative")),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_bool(self.boolean()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_str(&self.string()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.null()? { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.peek()?;
        self.word("null")?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.enter(b'[')?;
        let mut items = Items { cursor: self, first: true, ended: false };
        let value = visitor.visit_seq(&mut items)?;
        items.end()?;
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.enter(b'{')?;
        visitor.visit_map(Entries { cursor: self, first: true })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let mut read = Fields::open(self, name, fields)?;
        match visitor.visit_seq(&mut read) {
            Ok(value) => {
                read.close();
                Ok(value)
            }
            Err(error) => Err(read.fail(error)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let named = self.variant(variants)?;
        let has_content = named.has_content;
        let value = visitor.visit_enum(Variant { cursor: self, named })?;
        self.close_variant(has_content)?;
        Ok(value)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.skip()?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { i128 f32 f64 bytes byte_buf }
}

/// The fields of a struct in its own order, wherever they stood.
struct Fields<'a, 'de> {
    cursor: &'a mut Cursor<'de>,
    names: &'static [&'static str],
    places: Vec<&'de [u8]>,
    at: usize,
    end: &'de [u8],
}

impl<'a, 'de> Fields<'a, 'de> {
    #[inline(never)]
    fn open(cursor: &'a mut Cursor<'de>, name: &str, names: &'static [&'static str]) -> Result<Self> {
        let places = cursor.fields(name, names)?;
        let end = cursor.place();
        Ok(Self { cursor, names, places, at: 0, end })
    }

    #[inline(never)]
    fn next(&mut self) -> &mut Cursor<'de> {
        self.cursor.go(self.places.get(self.at).copied().unwrap_or_default());
        self.at += 1;
        self.cursor
    }

    /// Goes on after the struct.
    #[inline(never)]
    fn close(self) {
        self.cursor.go(self.end);
    }

    /// What was wrong, with the field's name if it is missing.
    #[cold]
    #[inline(never)]
    fn fail(self, error: Error) -> Error {
        error.in_field(self.names.get(self.at.wrapping_sub(1)))
    }
}

impl<'de> SeqAccess<'de> for &mut Fields<'_, 'de> {
    type Error = Error;

    /// Never none, and inlined so that what serde does for none is not compiled. A field that is not there is none
    /// for an option and an error else.
    #[inline(always)]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        seed.deserialize(self.next()).map(Some)
    }

    #[inline(always)]
    fn next_element<T: Deserialize<'de>>(&mut self) -> Result<Option<T>> {
        T::deserialize(self.next()).map(Some)
    }
}

/// The items of an array.
struct Items<'a, 'de> {
    cursor: &'a mut Cursor<'de>,
    first: bool,
    ended: bool,
}

impl Items<'_, '_> {
    fn more(&mut self) -> Result<bool> {
        let first = core::mem::take(&mut self.first);
        let more = !self.ended && self.cursor.more(first, b']')?;
        self.ended = !more;
        Ok(more)
    }

    /// Who takes a fixed number of items does not ask whether there are more.
    fn end(&mut self) -> Result<()> {
        if self.more()? { Err(Error::new("a list that is too long")) } else { Ok(()) }
    }
}

impl<'de> SeqAccess<'de> for &mut Items<'_, 'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        if self.more()? { seed.deserialize(&mut *self.cursor).map(Some) } else { Ok(None) }
    }
}

/// The entries of a map.
struct Entries<'a, 'de> {
    cursor: &'a mut Cursor<'de>,
    first: bool,
}

impl<'de> MapAccess<'de> for Entries<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let first = core::mem::take(&mut self.first);
        if self.cursor.more(first, b'}')? { seed.deserialize(&mut *self.cursor).map(Some) } else { Ok(None) }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        self.cursor.expect(b':')?;
        seed.deserialize(&mut *self.cursor)
    }
}

/// A variant by its number, then its content.
struct Variant<'a, 'de> {
    cursor: &'a mut Cursor<'de>,
    named: Named,
}

impl<'a, 'de> Variant<'a, 'de> {
    fn content(self) -> Result<&'a mut Cursor<'de>> {
        if self.named.has_content {
            Ok(self.cursor)
        } else {
            Err(Error::new("a variant without its content"))
        }
    }
}

impl<'a, 'de> EnumAccess<'de> for Variant<'a, 'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self)> {
        let index: U32Deserializer<Error> = self.named.index.into_deserializer();
        Ok((seed.deserialize(index)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<()> {
        if self.named.has_content {
            self.cursor.peek()?;
            return self.cursor.word("null");
        }
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        seed.deserialize(self.content()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.content()?.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.content()?.deserialize_struct("a variant", fields, visitor)
    }
}
