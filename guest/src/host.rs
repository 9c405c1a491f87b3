//! Functions of the host, as guests call them.

/// Declares functions that the host grants by name.
///
/// ```
/// use sandpool_guest::{host_functions, task};
///
/// host_functions! {
///     /// Returns the price of an article, if the host has it.
///     pub fn price(article: &str) -> Option<u64>;
///     fn note(what: String, count: u32);
/// }
///
/// /// Adds up what the articles cost.
/// #[task]
/// fn total(articles: Vec<String>) -> u64 {
///     articles.iter().filter_map(|article| price(article)).sum()
/// }
/// ```
///
/// The host grants a function of the same name, parameters and result: `Grants::function("price",
/// |article: String| ..)`; a closure takes a tuple for several parameters, and `()` for none. Up to eight
/// parameters, of any types with serde's `Serialize`, borrowed ones included; the result is owned, with
/// `Deserialize`. A host that grants another type under the name ends the task, or the function panics.
///
/// A module is loaded by hosts that grant the functions that it calls: those that it only declares are not
/// asked for. Compiled natively, a call panics: there is no host. So what is to be tested natively takes a
/// closure instead.
#[macro_export]
macro_rules! host_functions {
    ($(
        $(#[$attribute:meta])*
        $visibility:vis fn $name:ident ( $($parameter:ident : $type:ty),* $(,)? ) $(-> $output:ty)?;
    )*) => {$(
        $(#[$attribute])*
        $visibility fn $name($($parameter: $type),*) $(-> $output)? {
            #[cfg(target_family = "wasm")]
            let function: $crate::__private::HostFunction = {
                #[link(wasm_import_module = "sandpool.host")]
                unsafe extern "C" {
                    // The host reads memory that may hold anything.
                    safe fn $name(ptr: u32, len: u32) -> i64;
                }
                $name
            };
            #[cfg(not(target_family = "wasm"))]
            let function = $crate::__private::NoHost;
            $crate::__private::call_host(
                ::std::stringify!($name),
                function,
                &$crate::__host_arguments!($($parameter)*),
            )
        }
    )*};
}

/// What stands for the arguments: the same as for the arguments of tasks.
#[doc(hidden)]
#[macro_export]
macro_rules! __host_arguments {
    () => {
        ()
    };
    ($one:ident) => {
        $one
    };
    ($a:ident $b:ident) => {
        ($a, $b)
    };
    ($a:ident $b:ident $c:ident) => {
        ($a, $b, $c)
    };
    ($a:ident $b:ident $c:ident $d:ident) => {
        ($a, $b, $c, $d)
    };
    ($a:ident $b:ident $c:ident $d:ident $e:ident) => {
        ($a, $b, $c, $d, $e)
    };
    ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident) => {
        ($a, $b, $c, $d, $e, $f)
    };
    ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident) => {
        ($a, $b, $c, $d, $e, $f, $g)
    };
    ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident) => {
        ($a, $b, $c, $d, $e, $f, $g, $h)
    };
    ($($more:ident)+) => {
        ::std::compile_error!(
            "a function of the host has at most 8 parameters; put them into a struct"
        )
    };
}

/// What stands for the function of a host where there is none.
#[cfg(not(target_family = "wasm"))]
#[derive(Debug)]
pub struct NoHost;

/// Says that there is no host.
#[cfg(not(target_family = "wasm"))]
pub fn call_host<A: serde::Serialize, R: serde::de::DeserializeOwned>(
    name: &str,
    _: NoHost,
    _: &A,
) -> R {
    panic!("`{name}` is a function of the host: it exists only in a sandbox that was granted it")
}

/// Calls the function of the host.
#[cfg(target_family = "wasm")]
pub fn call_host<A: serde::Serialize, R: serde::de::DeserializeOwned>(
    name: &str,
    function: crate::imports::HostFunction,
    arguments: &A,
) -> R {
    use sandpool_abi::codec;
    let arguments = match codec::encode(arguments) {
        Ok(arguments) => arguments,
        Err(error) => panic!("the arguments of `{name}` cannot be handed to the host: {error}"),
    };
    match codec::decode(&crate::imports::call(function, &arguments)) {
        Ok(reply) => reply,
        Err(error) => panic!("the host replied to `{name}` with another type: {error}"),
    }
}

#[cfg(test)]
mod tests {
    host_functions! {
        fn nothing();
        #[expect(clippy::too_many_arguments, reason = "they are the point")]
        fn many(a: u8, b: &str, c: &[u8], d: String, e: Option<u8>, f: (u8, u8), g: bool, h: char) -> Vec<u8>;
    }

    #[test]
    #[should_panic(
        expected = "`nothing` is a function of the host: it exists only in a sandbox that was granted it"
    )]
    fn natively_a_function_of_the_host_says_that_there_is_none() {
        nothing();
    }

    #[test]
    #[should_panic(expected = "`many` is a function of the host")]
    fn up_to_eight_parameters_are_taken() {
        many(1, "b", b"c", "d".to_owned(), None, (6, 6), true, 'h');
    }
}
